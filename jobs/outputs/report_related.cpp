#include "outputs/report_related.hpp"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <set>

#include "coding/coded_study.hpp"
#include "coding/report_codings.hpp"
#include "command/lineage.hpp"
#include "coterie/artifacts/assignment.hpp"
#include "coterie/artifacts/comparison.hpp"
#include "outputs/comparison_output.hpp"
#include "outputs/feature_training.hpp"

namespace coterie::jobs {
namespace {

constexpr std::size_t kMostNewPictures = 10;  // of each cluster

// Whether it is of the generations that are there now; says why not.
bool is_current(const Job& job, const Manifest& manifest, const std::string& address) {
  const Lineage lineage = lineage_of(job.study, job.context.commands, manifest, {address});
  if (lineage.current()) return true;
  job.say("leaves out {}: {} {}", address, lineage.stale.back().address, lineage.stale.back().reason);
  return false;
}

// Whether it was made of the clustering, as far as can be read.
bool made_of(const ReportSources& from, const std::string& address) {
  try {
    return ArtifactReader(from.study.path(address))
        .recipe()
        .parents()
        .contains(Study::address(Kind::clusterings, from.clustering.name()));
  } catch (const FileError&) {
    return false;  // verify and info say it
  }
}

std::vector<std::string> related(const Job& job, const ReportSources& from, const Kind& kind) {
  std::vector<std::string> names;
  for (const auto& name : from.study.list(kind))
    if (const std::string address = Study::address(kind, name);
        made_of(from, address) && is_current(job, from.manifest, address))
      names.push_back(name);
  return names;
}

// A table in the study's folder, as a path from the report's; "" where it is not there.
std::string table_link(const Study& study, const std::string& table) {
  return std::filesystem::exists(study.folder() + "/" + table) ? "../" + table : "";
}

// Rows of each cluster, the nearest first.
std::vector<std::vector<std::size_t>> nearest_rows(const AssignedImages& images) {
  std::vector<std::size_t> order(images.labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return images.distances[a] < images.distances[b]; });
  std::vector<std::vector<std::size_t>> rows(static_cast<std::size_t>(images.k));
  for (const auto row : order) {
    auto& own = rows[static_cast<std::size_t>(images.labels[row])];
    if (own.size() < kMostNewPictures) own.push_back(row);
  }
  return rows;
}

void add_comparison(const ReportSources& from, const std::string& name, std::int64_t shown, Report& report) {
  const Comparison comparison = read_comparison(from.study.open(Kind::comparisons, name));
  const std::string own = fmt::format("{}:{}", from.clustering.name(), shown);
  ReportComparison found{.name = name, .own = own, .images = comparison.images};
  for (const auto& pair : comparison.pairs) {
    const auto& first = comparison.labellings[pair.first].name;
    const auto& second = comparison.labellings[pair.second].name;
    if (first != own && second != own) continue;
    found.pairs.push_back({first == own ? second : first, pair.agreement.adjusted_rand,
                           pair.agreement.adjusted_mutual_info, matched_share(pair)});
  }
  if (found.pairs.empty()) return;
  std::stable_sort(found.pairs.begin(), found.pairs.end(), [](const auto& a, const auto& b) { return a.ari > b.ari; });
  found.map = comparison_chart(comparison);
  found.link = table_link(from.study, fmt::format("tables/comparisons/{}/pairs.csv", name));
  report.comparisons.push_back(std::move(found));
}

}  // namespace

void RelatedResults::add_assignment(const ReportSources& from, const std::string& name, Report& report) {
  const AssignedImages images = read_assignment(from.study.open(Kind::assignments, name));
  const auto k = static_cast<std::size_t>(images.k);
  ReportAssignment found{.name = name, .k = images.k};
  found.counts.resize(k);
  found.outliers.resize(k);
  found.pictures.resize(k);
  for (std::size_t i = 0; i < images.labels.size(); ++i) {
    ++found.counts[static_cast<std::size_t>(images.labels[i])];
    found.outliers[static_cast<std::size_t>(images.labels[i])] += images.outlier[i];
  }
  found.link = table_link(from.study, fmt::format("tables/assignments/{}/assigned.csv", name));
  const Study fresh(fmt::format("{}/assignments/{}", from.study.folder(), name), Kind::assignments.maker);
  if (fresh.holds("images")) {
    const ImageTable table = read_image_table(fresh.images_path());
    const PathNumbers numbers = numbers_by_path(table);
    const auto rows = nearest_rows(images);
    for (std::size_t c = 0; c < k; ++c)
      for (const auto row : rows[c]) {
        const auto number = numbers.find(images.paths[row]);
        const std::string picture = fmt::format("{} (new: {})", images.paths[row], name);
        if (number == numbers.end() || report.image_links.contains(picture)) continue;
        places_[picture] = place_of(table, number->second);
        found.pictures[c].push_back(picture);
      }
  }
  report.assignments.push_back(std::move(found));
}

void RelatedResults::add_codings(const Job& job, const Manifest& manifest, const std::optional<NamesFile>& said,
                                 const std::function<bool(const Coding&)>& shows, Report& report) {
  for (const auto& name : job.study.list(Kind::answers)) {
    try {  // answers are made of a coding, which is made of what was coded
      if (!shows(read_coding(job.study.open(Kind::codings, job.study.open(Kind::answers, name).attribute("coding")))))
        continue;
    } catch (const FileError&) {
      continue;  // as made_of()
    }
    if (!is_current(job, manifest, Study::address(Kind::answers, name))) continue;
    codings_.push_back(read_coded_study(job.study, name));
    take_names(job, said, codings_.back());
    const std::string table = fmt::format("tables/coding/{}/agreement.csv", name);
    report.codings.push_back(report_coding(codings_.back(), table_link(job.study, table)));
  }
  keep_last_rounds(report);
}

namespace {

void add_training(const ReportSources& from, Report& report) {
  const auto training = training_of(from.study, from.features);
  if (!training) return;
  const TrainingHistory& history = training->checkpoint.history();
  report.training = {training->checkpoint.name(), history.epochs,    history.clusters, history.loss,
                     history.agreement,           history.explained, history.entropy};
}

}  // namespace

void RelatedResults::fill(const Job& job, const ReportSources& from, std::int64_t shown, Report& report) {
  add_training(from, report);
  for (const auto& name : related(job, from, Kind::assignments))
    if (from.study.open(Kind::assignments, name).attribute("k") == fmt::to_string(shown))
      add_assignment(from, name, report);
  for (const auto& name : related(job, from, Kind::comparisons)) add_comparison(from, name, shown, report);
  add_codings(
      job, from.manifest, from.said,
      [&](const Coding& coding) {
        return !coding.topic_model.empty() || (coding.clustering == from.clustering.name() && coding.k == shown);
      },
      report);
}

void RelatedResults::fill_topics(const Job& job, Report& report) {
  add_codings(
      job, read_manifest(job.study), {}, [](const Coding& coding) { return !coding.topic_model.empty(); }, report);
}

// Of several rounds the last one, which says what the earlier ones came to.
void RelatedResults::keep_last_rounds(Report& report) {
  std::set<std::string> continued;
  for (const auto& coding : codings_) continued.insert(coding.answers.previous);
  std::erase_if(report.codings, [&](const ReportCoding& coding) { return continued.contains(coding.name); });
  std::erase_if(codings_, [&](const CodedStudy& coding) { return continued.contains(coding.name); });
}

ImageReader RelatedResults::reader(const ImageReader& own, const DecodeOptions& options) const {
  return [this, own, options](const std::string& path) {
    const auto place = places_.find(path);
    return place == places_.end() ? own(path) : decode_image(place->second, options);
  };
}

}  // namespace coterie::jobs
