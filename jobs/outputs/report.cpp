#include "coterie/report/report.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>

#include "command/job.hpp"
#include "command/manifest.hpp"
#include "coterie/base/version.hpp"
#include "coterie/report/page.hpp"
#include "outputs/solution_pictures.hpp"
#include "stages/cluster_algorithm.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kSilhouettePoints = 400;  // of one cluster, drawn in its blade
constexpr std::size_t kMostSolutions = 24;       // of more k only the one that is shown first has its clusters shown

// All that the report reads, opened once.
struct Sources {
  const Study& study;
  ClusteringReader clustering;
  ArtifactReader features;
  RowNames names;
  std::unique_ptr<ArtifactReader> evaluation;  ///< of this clustering, where there is one that fits it
  std::unique_ptr<ArtifactReader> selection;   ///< the same of the evidence for k
  bool scanned = false;
  ImageTable images;
};

// What was made of this very clustering, and not of one that lay there before it.
std::unique_ptr<ArtifactReader> find_made_of(const Study& study, Kind kind, const ClusteringReader& clustering) {
  const std::string path = study.path(kind, clustering.name());
  if (!std::filesystem::exists(path)) return nullptr;
  auto found = std::make_unique<ArtifactReader>(path);
  const auto& inputs = found->recipe().inputs();
  const auto parent = inputs.find("clustering " + clustering.name());
  return parent != inputs.end() && parent->second == clustering.digest() ? std::move(found) : nullptr;
}

double value_or_nothing(const ArtifactReader& artifact, const std::string& name) {
  return artifact.has(name) ? artifact.value<double>(name) : kNotMeasured;
}

void fill_fates(const Sources& from, Report& report) {
  std::map<Fate, std::int64_t> counts;
  if (from.scanned) {
    for (const auto fate : final_fates(from.images, from.features)) ++counts[fate];
  } else {
    counts[Fate::ok] = static_cast<std::int64_t>(from.names.names.size());
  }
  for (const auto& [fate, count] : counts) {
    report.images_listed += count;
    report.fates.push_back({std::string(fate_name(fate)), count, std::string(fate_explanation(fate))});
  }
}

void fill_variance(const Sources& from, Report& report) {
  if (from.clustering.reduction().empty()) return;
  const ArtifactReader reduction(from.study.path(Kind::reductions, from.clustering.reduction()));
  double sum = 0;
  for (const double ratio : reduction.read<double>("explained_variance_ratio"))
    report.variance.cumulative.push_back(sum += ratio);
  report.variance.chosen = static_cast<std::int64_t>(report.variance.cumulative.size());
  const auto& asked = reduction.recipe().parameters();
  report.variance.rule = fmt::format("--components {}", asked.at("components"));
  if (asked.at("variance") != "0") report.variance.rule += fmt::format(" --variance {}", asked.at("variance"));
}

ReportK evidence_for(const Sources& from, std::int64_t k) {
  const std::string group = ClusteringReader::group(k);
  const ArtifactReader& clustering = from.clustering.artifact();
  ReportK evidence;
  evidence.k = k;
  evidence.inertia = clustering.value<double>(group + "/inertia");
  evidence.bic = value_or_nothing(clustering, group + "/bic");
  if (clustering.has(group + "/n_iter")) evidence.n_iter = clustering.value<std::int64_t>(group + "/n_iter");
  if (clustering.has(group + "/init_agreement") && clustering.shape(group + "/init_agreement").at(0) > 1)
    evidence.stability = clustering.value<double>(group + "/stability");
  if (!from.evaluation) return evidence;
  evidence.silhouette = value_or_nothing(*from.evaluation, group + "/silhouette_mean");
  evidence.calinski_harabasz = value_or_nothing(*from.evaluation, group + "/calinski_harabasz");
  evidence.davies_bouldin = value_or_nothing(*from.evaluation, group + "/davies_bouldin");
  return evidence;
}

// What select measured, where evaluate did not.
void fill_selected(const Sources& from, std::vector<ReportK>& rows) {
  if (!from.selection) return;
  const auto ks = from.selection->read<std::int64_t>("k");
  const auto fill = [&](double ReportK::*field, const std::string& dataset) {
    if (!from.selection->has("measures/" + dataset)) return;
    const auto values = from.selection->read<double>("measures/" + dataset);
    for (auto& row : rows) {
      const auto place = std::lower_bound(ks.begin(), ks.end(), row.k);
      if (place == ks.end() || *place != row.k || std::isfinite(row.*field)) continue;
      row.*field = values[static_cast<std::size_t>(place - ks.begin())];
    }
  };
  fill(&ReportK::silhouette, "silhouette/values");
  fill(&ReportK::calinski_harabasz, "calinski_harabasz/values");
  fill(&ReportK::davies_bouldin, "davies_bouldin/values");
  fill(&ReportK::bootstrap, "bootstrap_stability/values");
  fill(&ReportK::gap, "gap/values");
  fill(&ReportK::gap_error, "gap/errors");
}

// The crosstab lies there as classes × clusters; the report reads clusters × classes.
ReportAgreement agreement_with(const Sources& from, const std::string& group, const std::string& name) {
  const std::string at = group + "/agreement/" + name;
  ReportAgreement agreement;
  agreement.column = column_of_group(name);
  agreement.ari = from.evaluation->value<double>(at + "/adjusted_rand");
  agreement.nmi = from.evaluation->value<double>(at + "/normalised_mutual_info");
  agreement.purity = from.evaluation->value<double>(at + "/purity");
  agreement.classes = from.evaluation->texts("classes/" + name);
  const auto counts = from.evaluation->read<std::int64_t>(at + "/crosstab");
  const auto clusters = static_cast<std::size_t>(from.evaluation->shape(at + "/crosstab").at(1));
  for (std::size_t cluster = 0; cluster < clusters; ++cluster)
    for (std::size_t c = 0; c < agreement.classes.size(); ++c)
      agreement.counts.push_back(counts.at(c * clusters + cluster));
  return agreement;
}

std::vector<double> thinned(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<std::int64_t>(values.size());
  if (count <= kSilhouettePoints) return values;
  std::vector<double> quantiles;
  for (std::int64_t i = 0; i < kSilhouettePoints; ++i)
    quantiles.push_back(values[static_cast<std::size_t>(i * (count - 1) / (kSilhouettePoints - 1))]);
  return quantiles;
}

void fill_silhouettes(const Sources& from, const std::string& group, const ClusterPictures& pictures,
                      ReportSolution& solution) {
  if (!from.evaluation || !from.evaluation->has(group + "/silhouette")) return;
  const auto values = from.evaluation->read<float>(group + "/silhouette");
  const auto means = from.evaluation->read<double>(group + "/silhouette_clusters");
  for (std::size_t c = 0; c < solution.clusters.size(); ++c) {
    solution.clusters[c].silhouette = means.at(c);
    std::vector<double> own;
    for (const auto row : pictures.members[c]) own.push_back(values.at(static_cast<std::size_t>(row)));
    solution.clusters[c].silhouettes = thinned(std::move(own));
  }
}

ReportSolution solution_for(const Job& job, const Sources& from, std::int64_t k) {
  const std::string group = ClusteringReader::group(k);
  const auto or_else = [&](const char* option, std::int64_t usual) {
    return job.options.count(option) > 0 ? job.options.count(option) : usual;
  };
  const auto count = or_else("columns", 10) * or_else("rows", 2);
  const auto pictures = pick_pictures(from.clustering, k, count, static_cast<std::uint64_t>(job.options.count("seed")));
  ReportSolution solution;
  solution.name = from.clustering.name();
  for (std::size_t c = 0; c < pictures.members.size(); ++c) {
    ReportCluster cluster;
    cluster.size = static_cast<std::int64_t>(pictures.members[c].size());
    if (from.scanned) {
      for (const auto row : pictures.nearest[c])
        cluster.nearest.push_back(from.names.names[static_cast<std::size_t>(row)]);
      for (const auto row : pictures.random[c])
        cluster.random.push_back(from.names.names[static_cast<std::size_t>(row)]);
    }
    solution.clusters.push_back(std::move(cluster));
  }
  fill_silhouettes(from, group, pictures, solution);
  if (from.evaluation)
    for (const auto& name : from.evaluation->children(group + "/agreement"))
      solution.agreements.push_back(agreement_with(from, group, name));
  return solution;
}

// What select recommends; else the best silhouette is shown first, for want of a better rule. The page says which.
std::size_t choose_k(const Sources& from, Report& report) {
  std::size_t chosen = 0;
  if (from.selection) {
    report.chosen_because = from.selection->attribute("reason");
    const auto k = from.selection->value<std::int64_t>("recommended");
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
void fill_choice(const Sources& from, Report& report) {
  if (!from.selection) return;
  const auto names = from.selection->texts("measure"), hows = from.selection->texts("how");
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string group = "measures/" + names[i];
    const auto k = from.selection->value<std::int64_t>(group + "/k");
    const bool votes = from.selection->value<std::uint8_t>(group + "/votes") != 0;
    const auto sample = from.selection->value<std::int64_t>(group + "/sample");
    if (names[i] == "elbow") report.knee = k;
    if (k == 0 && sample == 0) continue;
    std::string note = fmt::format("{}: {}", names[i], hows[i]);
    if (sample > 0) note += fmt::format(" (an estimate, from {})", sample);
    if (k > 0) note += fmt::format("; names k = {}{}", k, votes ? "" : ", at an end of the list, so without a vote");
    report.choice_notes.push_back(note + ".");
  }
}

void add_artifact(Report& report, const ArtifactReader& artifact, const std::string& name) {
  ReportArtifact made{artifact.recipe().stage(), name, {}};
  for (const auto& [parameter, value] : artifact.recipe().parameters()) made.recipe.push_back({parameter, value});
  for (const auto& [input, digest] : artifact.recipe().inputs()) made.recipe.push_back({"input: " + input, digest});
  for (const auto& [software, version] : artifact.recipe().software()) made.recipe.push_back({software, version});
  made.recipe.push_back({"recipe SHA-256", artifact.recipe().digest()});
  made.recipe.push_back({"content SHA-256", artifact.digest()});
  report.artifacts.push_back(std::move(made));
}

void fill_provenance(const Sources& from, Report& report) {
  if (from.scanned) add_artifact(report, ArtifactReader(from.study.images_path()), "images.h5");
  const auto add = [&](Kind kind, const std::string& name) {
    if (!name.empty())
      add_artifact(report, ArtifactReader(from.study.path(kind, name)), fmt::format("{}/{}.h5", folder_of(kind), name));
  };
  add(Kind::features, from.clustering.features());
  add(Kind::reductions, from.clustering.reduction());
  add(Kind::clusterings, from.clustering.name());
  if (from.evaluation) add(Kind::evaluations, from.clustering.name());
  if (from.selection) add(Kind::selections, from.clustering.name());
  const auto entries = read_manifest(from.study);
  report.config = study_config(entries, stage_names());
  report.citation =
      fmt::format("coterie, version {}: software that groups image collections without labels.", version());
  for (const auto& entry : entries) {
    report.commands.push_back(entry.command_line);
    report.environment.push_back(
        {entry.when, fmt::format("{}: {:.1f} s, {} ranks × {} threads on {}, coterie {}",
                                 entry.command_line.substr(0, entry.command_line.find(" --")), entry.seconds,
                                 entry.ranks, entry.threads, entry.host, entry.version)});
  }
}

void fill_overview(const Sources& from, const ReportK& best, Report& report) {
  const auto& made = from.features.recipe().parameters();
  const auto value = [&](const char* name) { return made.contains(name) ? made.at(name) : std::string("imported"); };
  report.overview.push_back({"Images grouped", fmt::to_string(from.names.names.size())});
  if (from.scanned) report.overview.push_back({"Folder", from.images.root});
  report.overview.push_back({"Features", made.contains("backbone")
                                             ? fmt::format("{}, layer {}", value("backbone"), value("layer"))
                                             : from.clustering.features()});
  const std::string method = find_algorithm(from.clustering.algorithm()).method;
  report.overview.push_back({"Method", from.clustering.reduction().empty() ? method + " on the features"
                                                                           : "principal components, then " + method});
  if (value("weights").starts_with("random:"))
    report.warnings.push_back(fmt::format(
        "The network's weights were random ({}), for testing. These clusters mean nothing.", value("weights")));
  if (!from.evaluation)
    report.warnings.push_back(
        "No evaluation of this clustering was found; coterie evaluate adds silhouettes and agreement.");
  const auto failed = report.images_listed - static_cast<std::int64_t>(from.names.names.size());
  report.summary =
      fmt::format("{} of {} images were grouped{}.", from.names.names.size(), report.images_listed,
                  report.ks.size() == 1
                      ? fmt::format(" into {} clusters", best.k)
                      : fmt::format("; of {} numbers of clusters tried, {} is shown first", report.ks.size(), best.k));
  if (failed > 0) report.summary += fmt::format(" {} could not be used; the table below says why.", failed);
  if (best.stability < 0.5)
    report.warnings.push_back(
        fmt::format("With {} clusters, different starts agree only by an ARI of {:.2f}: the groups depend on chance.",
                    best.k, best.stability));
}

}  // namespace

void report(Job& job) {
  job.comm.on_root([&] {
    const std::string name = job.study.find(Kind::clusterings, job.options.text("clustering"));
    const std::string folder = job.study.folder() + "/report";
    if (job.dry_run()) return job.say("would write {}/index.html about {}", folder, name);
    ClusteringReader clustering(job.study, name);
    const std::string features = clustering.features();
    Sources from{job.study,
                 std::move(clustering),
                 ArtifactReader(job.study.path(Kind::features, features)),
                 read_row_names(job.study, features),
                 nullptr,
                 nullptr,
                 false,
                 {}};
    from.evaluation = find_made_of(job.study, Kind::evaluations, from.clustering);
    from.selection = find_made_of(job.study, Kind::selections, from.clustering);
    from.scanned = std::filesystem::exists(job.study.images_path()) && !from.features.has("name");
    if (from.scanned) from.images = read_image_table(job.study.images_path());

    Report report;
    report.title = job.options.given("title")
                       ? job.options.text("title")
                       : std::filesystem::absolute(job.study.folder()).lexically_normal().filename().string();
    report.when = timestamp();
    fill_fates(from, report);
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
    report.merges = from.clustering.merges();
    fill_overview(from, report.ks[chosen], report);
    fill_provenance(from, report);
    write_report(report, image_reader(from.images), folder, job.pool);
    job.say("wrote {}/index.html", folder);
  });
}

}  // namespace coterie::jobs
