#include <cmath>
#include <filesystem>

#include "command/job.hpp"
#include "coterie/report/chart.hpp"
#include "outputs/table_file.hpp"
#include "stages/k_evidence.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr int kRevision = 1;

Recipe recipe_of(const Job& job, const ClusteringReader& clustering) {
  Recipe recipe("select", kRevision);
  for (const char* option : {"k", "labels", "silhouette-sample", "bootstrap", "gap", "seed"})
    recipe.set(option, job.options.text(option));
  recipe.input("clustering " + clustering.name(), clustering.digest());
  return recipe;
}

void write_artifact(const std::string& path, const Recipe& recipe, const std::string& clustering,
                    const KEvidence& found) {
  const auto count = std::ssize(found.ks);
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.attribute("clustering", clustering);
  writer.attribute("reason", found.recommendation.reason);
  writer.put<std::int64_t>("k", {count}, found.ks);
  writer.put_value<std::int64_t>("recommended", found.recommendation.k);
  std::vector<std::string> names, hows;
  for (const auto& measure : found.measures) {
    names.push_back(measure.name);
    hows.push_back(measure.how);
    const std::string group = "measures/" + measure.name;
    writer.put<double>(group + "/values", {count}, measure.values);
    if (!measure.errors.empty()) writer.put<double>(group + "/errors", {count}, measure.errors);
    writer.put_value<std::int64_t>(group + "/sample", measure.sample);
    const Vote* vote = found.recommendation.vote_of(measure.name);
    writer.put_value<std::int64_t>(group + "/k", vote ? vote->k : 0);
    writer.put_value<std::uint8_t>(group + "/votes", vote && vote->counts);
  }
  writer.put_texts("measure", names);
  writer.put_texts("how", hows);
  for (std::size_t i = 0; i < found.bootstrap.size(); ++i)
    writer.put<double>(fmt::format("{}/bootstrap", ClusteringReader::group(found.ks[i])),
                       {std::ssize(found.bootstrap[i].agreement)}, found.bootstrap[i].agreement);
  for (std::size_t i = 0; i < found.silhouettes.size(); ++i) {
    const std::vector<float> values(found.silhouettes[i].begin(), found.silhouettes[i].end());
    if (!values.empty())
      writer.put<float>(ClusteringReader::group(found.ks[i]) + "/silhouette", {std::ssize(values)}, values);
  }
  writer.finish();
}

std::string number(double value) { return std::isfinite(value) ? fmt::format("{:.9g}", value) : ""; }

void write_tables(const std::string& folder, const KEvidence& found) {
  make_folder(folder);
  TableFile table(folder + "/k_selection.csv");
  std::vector<std::string> header = {"k"};
  for (const auto& measure : found.measures) {
    if (measure.name == "elbow") continue;  // the inertia again
    header.push_back(measure.name);
    if (!measure.errors.empty()) header.push_back(measure.name + "_error");
    if (measure.name == "bootstrap_stability") header.insert(header.end(), {"bootstrap_low", "bootstrap_high"});
  }
  header.emplace_back("recommended");
  table.line(header, ',');
  for (std::size_t i = 0; i < found.ks.size(); ++i) {
    std::vector<std::string> fields = {fmt::to_string(found.ks[i])};
    for (const auto& measure : found.measures) {
      if (measure.name == "elbow") continue;
      fields.push_back(number(measure.values[i]));
      if (!measure.errors.empty()) fields.push_back(number(measure.errors[i]));
      if (measure.name == "bootstrap_stability")
        fields.insert(fields.end(), {number(found.bootstrap[i].low), number(found.bootstrap[i].high)});
    }
    fields.emplace_back(found.ks[i] == found.recommendation.k ? "yes" : "");
    table.line(fields, ',');
  }
  table.finish();

  TableFile measures(folder + "/k_measures.csv");
  measures.line({"measure", "names_k", "votes", "exact", "sample", "how"}, ',');
  for (const auto& measure : found.measures) {
    const Vote* vote = found.recommendation.vote_of(measure.name);
    const std::string votes = !vote ? "" : vote->counts ? "yes" : "no: at an end of the list";
    measures.line(
        {measure.name, vote ? fmt::to_string(vote->k) : "", votes, measure.sample == 0 ? "exact" : "approximate",
         measure.sample == 0 ? "" : fmt::to_string(measure.sample), measure.how},
        ',');
  }
  measures.finish();
}

// "davies_bouldin" as a chart has it: "Davies bouldin".
std::string title_of(const Measure& measure) {
  std::string title = measure.name;
  std::replace(title.begin(), title.end(), '_', ' ');
  title.front() = static_cast<char>(std::toupper(title.front()));
  return title;
}

std::vector<Chart> charts_of(const ClusteringReader& clustering, const KEvidence& found) {
  std::vector<Chart> charts;
  for (const auto& measure : found.measures) {
    if (measure.name == "inertia") continue;  // drawn as the elbow
    std::string name = measure.name;
    std::replace(name.begin(), name.end(), '_', '-');
    const bool elbow = measure.name == "elbow";
    const Vote* vote = found.recommendation.vote_of(measure.name);
    charts.push_back(selection_chart("select-" + name, elbow ? "Inertia" : title_of(measure), found.ks, measure.values,
                                     vote ? vote->k : 0, elbow ? "knee" : "best", measure.errors));
  }
  if (const auto merges = clustering.merges(); !merges.empty())
    charts.push_back(dendrogram_chart("dendrogram", merges, kDendrogramBranches, found.recommendation.k));
  for (std::size_t i = 0; i < found.silhouettes.size(); ++i) {
    if (found.silhouettes[i].empty()) continue;
    const auto labels = clustering.labels(found.ks[i]);
    std::vector<std::vector<double>> by_cluster(static_cast<std::size_t>(found.ks[i]));
    for (std::size_t row = 0; row < labels.size(); ++row)
      by_cluster[static_cast<std::size_t>(labels[row])].push_back(found.silhouettes[i][row]);
    std::vector<std::int64_t> sizes;
    for (const auto& values : by_cluster) sizes.push_back(std::ssize(values));
    charts.push_back(silhouette_chart(fmt::format("silhouettes-k{}", found.ks[i]), by_cluster, sizes));
  }
  std::erase_if(charts, [](const Chart& chart) { return chart.empty(); });
  return charts;
}

void draw(const Job& job, const ClusteringReader& clustering, const KEvidence& found) {
  const std::string folder = job.study.folder() + "/figures";
  const auto charts = charts_of(clustering, found);
  make_folder(folder);
  job.pool.for_each(std::ssize(charts),
                    [&](std::int64_t i, int) { write_chart(charts[static_cast<std::size_t>(i)], folder); });
  job.say("drew {} charts into {}", charts.size(), folder);
}

void tell(const Job& job, const KEvidence& found) {
  for (const auto& vote : found.recommendation.votes)
    job.say("{} names k = {}{}", vote.measure, vote.k,
            vote.counts ? "" : ", at an end of the list: the best may lie beyond it, so it has no vote");
  for (const auto& measure : found.measures)
    if (measure.sample > 0) job.say("{} is approximate: {}", measure.name, measure.how);
  job.say("{}", found.recommendation.reason);
}

}  // namespace

void select(Job& job) {
  std::string name;
  std::vector<Classes> classes;
  job.comm.together([&] { name = job.study.find(Kind::clusterings, job.options.text("clustering")); });
  const ClusteringReader clustering(job.study, name);
  job.comm.on_root([&] {
    if (job.options.list("labels").empty()) return;
    const RowNames names = read_row_names(job.study, clustering.features());
    for (const auto& column : job.options.list("labels")) classes.push_back(classes_of(names, column));
  });
  const Recipe recipe = recipe_of(job, clustering);
  const std::string path = job.study.path(Kind::selections, name);
  if (!job.must_make(path, recipe)) return;
  const KEvidence found = gather_evidence(job, clustering, classes);
  job.comm.on_root([&] {
    write_tables(job.study.folder() + "/tables", found);
    job.say("wrote {}/tables/k_selection.csv", job.study.folder());
    if (job.options.flag("figures")) draw(job, clustering, found);
    write_artifact(path, recipe, name, found);  // last: where it is, all is
    tell(job, found);
  });
  job.made(path);
}

}  // namespace coterie::jobs
