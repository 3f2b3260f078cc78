#include "coterie/report/report.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/evaluation.hpp"
#include "coterie/artifacts/reduction.hpp"
#include "coterie/artifacts/selection.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/report/map_picture.hpp"
#include "coterie/report/page.hpp"
#include "outputs/dendrogram_merges.hpp"
#include "outputs/left_out.hpp"
#include "outputs/methods_text.hpp"
#include "outputs/output_folder.hpp"
#include "outputs/picture_key.hpp"
#include "outputs/picture_reader.hpp"
#include "outputs/report_history.hpp"
#include "outputs/report_related.hpp"
#include "outputs/report_solutions.hpp"
#include "outputs/report_sources.hpp"
#include "outputs/report_tables.hpp"
#include "outputs/report_topics.hpp"
#include "outputs/skipped_table.hpp"
#include "outputs/solution_pictures.hpp"
#include "outputs/study_maps.hpp"
#include "planning/effort.hpp"
#include "stages/cluster_algorithm.hpp"

namespace coterie::jobs {
namespace {

constexpr int kMapWidth = 960, kMapHeight = 640;  // px
constexpr std::size_t kMostSolutions = 24;        // of more k only the one that is shown first has its clusters shown

// `statuses`: of each image of the table; of rows without images none, and `rows` says how many there are.
void fill_statuses(const ImageTable& images, const std::vector<ImageStatus>& statuses, std::size_t rows,
                   Report& report) {
  std::map<ImageStatus, std::int64_t> counts;
  std::map<ImageStatus, std::vector<std::string>> reasons;
  for (const auto status : statuses) ++counts[status];
  for (const auto& group : reasons_of(images.paths, statuses, images.reasons))
    if (group.status != ImageStatus::pending) reasons[group.status].push_back(reason_text(group));
  if (statuses.empty()) counts[ImageStatus::ok] = static_cast<std::int64_t>(rows);
  for (const auto& [status, count] : counts) {
    report.images_listed += count;
    report.statuses.push_back({final_status_name(status), count, final_status_explanation(status), reasons[status]});
  }
  for (const auto& [remark, count, first] : count_remarks(images)) {
    const auto i = static_cast<std::size_t>(first);
    report.remarks.push_back({std::string(remark_name(remark)), count,
                              fmt::format("{} ({})", images.paths[i], images.notes[i]),
                              std::string(remark_explanation(remark))});
  }
}

void fill_variance(const ReportSources& from, Report& report) {
  if (from.clustering.reduction().empty()) return;
  const ReductionReader reduction(from.study, from.clustering.reduction());
  double sum = 0;
  for (const double ratio : reduction.pca().explained_variance_ratio)
    report.variance.cumulative.push_back(sum += ratio);
  report.variance.chosen = static_cast<std::int64_t>(report.variance.cumulative.size());
  const auto& asked = reduction.recipe().parameters();
  const std::string share = reduction.recipe().parameter("variance", "0"), count = asked.at("components");
  if (share != "0") report.variance.rule = fmt::format("--variance {}", share);
  if (share == "0" || count != "0") report.variance.rule += fmt::format(" --components {}", count);
}

// What select recommends; else the best silhouette is shown first, for want of a better rule. The page says which.
std::size_t choose_k(const ReportSources& from, Report& report) {
  std::size_t chosen = 0;
  if (const auto& choice = from.manifest.choice;
      choice && choice->by == "choose" && choice->clustering == from.clustering.name())
    for (std::size_t i = 0; i < report.ks.size(); ++i)
      if (report.ks[i].k == choice->k) {
        report.chosen_because =
            fmt::format("The solution with {} clusters is the one chosen for this study.", choice->k);
        return i;
      }
  if (from.selection) {
    report.chosen_because = from.selection->content.reason;
    const auto k = from.selection->content.recommended;
    for (std::size_t i = 0; i < report.ks.size(); ++i)
      if (report.ks[i].k == k) return i;
  }
  for (std::size_t i = 1; i < report.ks.size(); ++i)
    if (report.ks[i].silhouette > report.ks[chosen].silhouette) chosen = i;
  if (report.ks.size() > 1 && std::isfinite(report.ks[chosen].silhouette)) {
    if (!report.chosen_because.empty()) report.chosen_because += " ";
    report.chosen_because += fmt::format(
        "The solution with {} clusters is shown first because its mean silhouette is the highest of those tried; weigh "
        "that against stability and what the pictures show.",
        report.ks[chosen].k);
  }
  return chosen;
}

// What each measure names, and which of them are estimates.
void fill_choice(const ReportSources& from, Report& report) {
  if (!from.selection) return;
  for (const auto& measure : from.selection->content.measures) {
    if (measure.name == "elbow") report.knee = measure.k;
    if (measure.k == 0 && measure.sample == 0) continue;
    std::string note = fmt::format("{}: {}", measure.name, measure.how);
    if (measure.sample > 0) note += fmt::format(" (an estimate, from {})", measure.sample);
    if (measure.k > 0)
      note +=
          fmt::format("; names k = {}{}", measure.k, measure.votes ? "" : ", at an end of the list, so without a vote");
    report.choice_notes.push_back(note + ".");
  }
}

void fill_overview(const ReportSources& from, const ReportK& best, Report& report) {
  const auto& made = from.features.recipe().parameters();
  const auto value = [&](const char* name) { return made.contains(name) ? made.at(name) : std::string("imported"); };
  const std::int64_t grouped = from.names.count_there();
  report.overview.push_back({"Images grouped", fmt::to_string(grouped)});
  const auto duplicates = std::ranges::count_if(from.images.duplicate_of, [](auto first) { return first >= 0; });
  if (duplicates > 0)
    report.overview.push_back(
        {"Duplicates", fmt::format("{} with the same bytes as another one; coterie export lists them in duplicates.csv",
                                   counted(duplicates, "image"))});
  if (from.scanned) report.overview.push_back({"Folder", from.images.root});
  report.overview.push_back({"Features", made.contains("backbone")
                                             ? fmt::format("{}, layer {}", value("backbone"), value("layer"))
                                             : from.clustering.features()});
  const std::string method = find_algorithm(from.clustering.algorithm()).method;
  report.overview.push_back({"Method", from.clustering.reduction().empty() ? method + " on the features"
                                                                           : "principal components, then " + method});
  const auto& inputs = from.features.recipe().inputs();
  if (const auto weights = inputs.find("weights"); weights != inputs.end() && weights->second.starts_with("random:"))
    report.warnings.push_back(fmt::format(
        "The network's weights were random ({}), for testing. These clusters mean nothing.", weights->second));
  if (!from.evaluation)
    report.warnings.push_back(
        "No evaluation of this clustering was found; coterie evaluate adds silhouettes and agreement.");
  const auto failed = report.images_listed - grouped;
  report.summary =
      fmt::format("{} of {} images were grouped{}.", grouped, report.images_listed,
                  report.ks.size() == 1
                      ? fmt::format(" into {} clusters", best.k)
                      : fmt::format("; of {} numbers of clusters tried, {} is shown first", report.ks.size(), best.k));
  if (failed > 0) report.summary += fmt::format(" {} could not be used; the table below says why.", failed);
  if (!from.names.imported && from.names.gone + from.names.changed > 0)
    report.warnings.push_back(fmt::format(
        "The list of images was changed after these were grouped: of {} that clusters and figures count, {} are gone "
        "and {} were edited, and are not shown.",
        from.names.names.size(), from.names.gone, from.names.changed));
  if (best.stability < 0.5)
    report.warnings.push_back(
        fmt::format("With {} clusters, different starts agree only by an ARI of {:.2f}: the groups depend on chance.",
                    best.k, best.stability));
}

std::vector<std::string> shown_pictures(const Report& report) {
  std::vector<std::string> paths;
  for (const auto& solution : report.solutions)
    for (const auto& cluster : solution.clusters)
      for (const auto* strip : {&cluster.nearest, &cluster.random})
        paths.insert(paths.end(), strip->begin(), strip->end());
  return paths;
}

void link_images(const ReportSources& from, const RelatedResults& related, Report& report) {
  std::int64_t in_shards = 0;
  const auto add = [&](const std::string& picture, const ImagePlace& place) {
    in_shards += place.bytes >= 0 ? 1 : 0;
    if (const std::string link = picture_link(from.study, place); !link.empty()) report.image_links[picture] = link;
  };
  const PathNumbers numbers = numbers_by_path(from.images);
  const auto shown = shown_pictures(report);
  for (const auto& path : std::set<std::string>(shown.begin(), shown.end()))
    add(path, place_of(from.images, numbers.at(path)));
  for (const auto& [picture, place] : related.places()) add(picture, place);
  if (!report.image_links.empty())
    report.pictures_note =
        "Each picture leads to its image, as long as study and images keep their places relative to each other.";
  if (in_shards > 0)
    report.pictures_note += fmt::format(
        "{}{} of the pictures show{} images inside of tar archives, which a browser cannot open: their names say "
        "ARCHIVE/MEMBER, "
        "and coterie export --pictures copies takes them out.",
        report.pictures_note.empty() ? "" : " ", in_shards, in_shards == 1 ? "s" : "");
}

Report begun_report(const Job& job) {
  Report report;
  report.title = job.options.given("title")
                     ? job.options.text("title")
                     : std::filesystem::absolute(job.study.folder()).lexically_normal().filename().string();
  report.when = timestamp();
  return report;
}

// The artifacts that the page is about, and those beside them.
void fill_history_of(const Job& job, const ReportSources& from, Report& report) {
  std::vector<std::string> shown, beside;
  if (from.scanned) shown.emplace_back("images");
  const std::string& name = from.clustering.name();
  shown.push_back(Study::address(Kind::clusterings, name));
  if (from.evaluation) shown.push_back(Study::address(Kind::evaluations, name));
  if (from.selection) shown.push_back(Study::address(Kind::selections, name));
  if (!report.topics.name.empty()) shown.push_back(Study::address(Kind::topics, report.topics.name));
  if (!report.training.name.empty()) shown.push_back(Study::address(Kind::checkpoints, report.training.name));
  for (const auto& each : report.assignments) beside.push_back(Study::address(Kind::assignments, each.name));
  for (const auto& each : report.comparisons) beside.push_back(Study::address(Kind::comparisons, each.name));
  for (const auto& each : report.codings) beside.push_back(Study::address(Kind::answers, each.name));
  fill_history(job, shown, beside, report);
}

Report fill_report(const Job& job, const ReportSources& from, RelatedResults& related,
                   const std::optional<ReportTopicPages>& topics) {
  Report report = begun_report(job);
  fill_statuses(from.images, from.scanned ? final_statuses(from.images, from.features) : std::vector<ImageStatus>{},
                from.names.names.size(), report);
  fill_variance(from, report);
  for (const auto k : from.clustering.choose(job.options.counts("k"))) report.ks.push_back(evidence_for(from, k));
  fill_selected(from, report.ks);
  const std::size_t chosen = choose_k(from, report);
  for (std::size_t i = 0; i < report.ks.size(); ++i) {
    if (report.ks.size() > kMostSolutions && i != chosen) continue;
    if (i == chosen) report.chosen = report.solutions.size();
    report.solutions.push_back(solution_for(job, from, report.ks[i].k));
  }
  fill_choice(from, report);
  report.merges = dendrogram_merges(from.clustering.merges());
  fill_overview(from, report.ks[chosen], report);
  fill_excess_note(from, report.ks[chosen].k, report);
  related.fill(job, from, report.ks[chosen].k, report);
  MethodsText methods = methods_text(from, report, report.ks[chosen].k, related.codings());
  report.methods = std::move(methods.paragraph);
  report.bibtex = std::move(methods.bibtex);
  link_images(from, related, report);
  if (topics) report.topics = topics->summary();
  fill_history_of(job, from, report);
  return report;
}

// Of the number of topics that people judged, where they did, since that is the one which a paper is about.
MethodsText methods_of_topics(const Job& job, const ReportTopicPages& topics, std::int64_t listed,
                              const std::vector<CodedStudy>& all) {
  std::vector<CodedStudy> codings = all;
  std::erase_if(codings, [&](const auto& each) { return each.coding.topic_model != topics.model().name(); });
  const std::int64_t number = codings.empty() ? topics.shown().front() : codings.front().coding.k;
  std::erase_if(codings, [&](const auto& each) { return each.coding.k != number; });
  const auto documents = std::ssize(topics.names().names);
  return topic_methods_text(job.study,
                            {topics.model(), number, number == topics.shown().front() ? topics.shown_because() : "",
                             documents, topics.scanned() ? listed : documents},
                            codings);
}

// Of a study without a clustering.
Report fill_topic_report(const Job& job, const ReportTopicPages& topics) {
  Report report = begun_report(job);
  const RowNames& names = topics.names();
  fill_statuses(topics.images(), topics.scanned() ? topics.statuses() : std::vector<ImageStatus>{}, names.names.size(),
                report);
  report.topics = topics.summary();
  if (topics.scanned()) report.overview.push_back({"Folder", topics.images().root});
  report.overview.push_back({"Topic model", report.topics.name});
  report.summary = fmt::format("Topics were found in the words of {} {}; nothing was clustered.", names.names.size(),
                               names.imported ? "documents" : "images");
  RelatedResults related;
  related.fill_topics(job, report);
  MethodsText methods = methods_of_topics(job, topics, report.images_listed, related.codings());
  report.methods = std::move(methods.paragraph);
  report.bibtex = std::move(methods.bibtex);
  std::vector<std::string> shown{Study::address(Kind::topics, report.topics.name)}, beside;
  if (topics.scanned()) shown.insert(shown.begin(), "images");
  for (const auto& each : report.codings) beside.push_back(Study::address(Kind::answers, each.name));
  fill_history(job, shown, beside, report);
  return report;
}

// pictures.csv: which file is in which cell of the clusters that the page shows.
void write_key(const Job& job, const ReportSources& from, const Report& report, const std::string& path) {
  const auto asked = static_cast<int>(job.options.count("columns"));
  TableFile key(path);
  std::vector<std::string> header = {"k", "shown"};
  header.insert(header.end(), kCellColumns.begin(), kCellColumns.end());
  key.line(header, ',');
  for (const auto& solution : report.solutions) {
    const auto k = std::ssize(solution.clusters);
    const auto pictures = pictures_for(job, from, k);
    const auto distances = from.clustering.distances(k);
    for (const auto& [shown, picked] : {std::pair{"nearest", &pictures.nearest}, {"random", &pictures.random}})
      add_cells(key, {fmt::to_string(k), shown}, *picked, from.names, distances,
                asked > 0 ? asked : kUsualPictureColumns);
  }
  key.finish();
}

// The first of the maps that places these very rows, in the colours of the solution that is shown in full.
void fill_map(const Job& job, const ReportSources& from, const std::vector<std::string>& maps, Report& report) {
  if (std::filesystem::exists(job.study.folder() + "/viewer/index.html"))
    report.map.viewer_link = "../viewer/index.html";
  for (const auto& name : maps) {
    const Embedding map = read_embedding(job.study.open(Kind::embeddings, name));
    if (map.features != from.clustering.features()) continue;
    const auto labels = from.clustering.labels(std::ssize(report.solutions[report.chosen].clusters));
    report.map.name = Study::address(Kind::embeddings, name);
    report.map.caption = map_caption(map);
    report.map.picture = map_picture(map.positions, map.dimensions, labels, kMapWidth, kMapHeight);
    return;
  }
}

void write_clusters(const Job& job, const std::string& name, const std::optional<ReportTopicPages>& topics,
                    const std::vector<std::string>& maps, const std::string& folder) {
  const ReportSources from = read_report_sources(job, name);
  tell_left_out(job, from.names);
  RelatedResults related;
  Report report = fill_report(job, from, related, topics);
  fill_map(job, from, maps, report);
  write_report_tables(folder, from, report);
  const Recipe& made = from.features.recipe();  // new images were made as these
  write_report(report, related.reader(picture_reader(from.images, made), picture_options(made)), folder, job.pool);
  if (from.scanned) write_key(job, from, report, folder + "/pictures.csv");
  if (topics) topics->write(folder, report.title, report.when);
}

void write_topics_alone(const Job& job, const ReportTopicPages& topics, const std::string& folder) {
  tell_left_out(job, topics.names(), "topics");
  const Report report = fill_topic_report(job, topics);
  write_report(report, picture_reader(topics.images(), DecodeOptions{}), folder, job.pool);
  topics.write(folder, report.title, report.when);
}

// A report is about a clustering, about a topic model, or both.
void write_page(Job& job) {
  bool clustered = true;
  job.comm.on_root([&] {
    clustered = job.options.given(Kind::clusterings.one) || !job.study.list(Kind::clusterings).empty() ||
                (!job.options.given(Kind::topics.one) && job.study.list(Kind::topics).empty());
  });
  job.comm.broadcast(std::span(&clustered, 1));
  std::string name = clustered ? job.take(Kind::clusterings) : "";
  const auto maps = clustered ? take_maps(job, name) : std::vector<std::string>{};
  const std::string model = take_topic_model(job);
  if (!clustered && model.empty()) name = job.take(Kind::clusterings);  // throws: there is nothing to show
  job.comm.on_root([&] {
    require(!model.empty() || !job.options.given("topics"), "--topics: there is no topic model to show");
    if (job.dry_run())
      return job.say("would write {}/report/index.html about {}", job.study.folder(),
                     name.empty()    ? model
                     : model.empty() ? name
                                     : name + " and " + model);
    std::optional<ReportTopicPages> topics;
    if (!model.empty()) topics.emplace(job, model);
    Provenance about = provenance_of(job);
    if (const auto said = NamesFile::find(job)) about.made_of["names.json"] = said->digest();
    OutputFolder folder(job.study.folder(), "report", std::move(about), job.options.flag("overwrite"));
    name.empty() ? write_topics_alone(job, *topics, folder.folder())
                 : write_clusters(job, name, topics, maps, folder.folder());
    folder.finish();
    job.say("wrote {}", folder.final_place("index.html"));
  });
}

// Pictures are in the page, in text of four thirds their bytes; charts beside it, in three formats each.
double disk_of(const Workload& study, const Calibration&) {
  constexpr double kPictureBytes = 4000 * 4 / 3.0, kPicturesOfCluster = 40, kChartBytes = 1e5, kCharts = 12;
  double clusters = 0;
  for (const auto k : study.ks) clusters += static_cast<double>(k);
  return clusters * kPicturesOfCluster * kPictureBytes + kCharts * kChartBytes;
}

const StageEffort kEffort{.on_root = true, .disk = disk_of};

}  // namespace

Command report() {
  return {.options = OptionList(
              "report", {option::chosen_clustering,
                         option::chosen_k,
                         option::for_show(option::seed),
                         option::cluster_names,
                         option::map_shown,
                         option::rows,
                         option::columns,
                         {Kind::topics.one, Role::place, OptionType::text, "", "NAME",
                          "the topic model to show; default: the newest, where there is one", 0, kMost, "", true},
                         {"topics", Role::output, OptionType::counts, "", "K,...",
                          "the numbers of topics to show, a page for each; default: the one that "
                          "completes held-out documents best, else the most coherent, and those that people judged",
                          1, 100000},
                         {"title", Role::output, OptionType::text, "", "TEXT",
                          "the report's title; default: the study's name", 0, kMost, "", true}}),
          .summary = "writes report/index.html, which needs no network",
          .example = "coterie report --study demo",
          .run = write_page,
          .stage = Stage{.reads =
                             [](const Options&) {
                               return std::vector{Kind::clusterings, Kind::topics};
                             },
                         .makes = {},
                         .list_change = ListChange::join,
                         .follows_choice = true,
                         .writes = {"report"},
                         .trial = Trial::pictures,
                         .effort = &kEffort}};
}

}  // namespace coterie::jobs
