#include <algorithm>
#include <cmath>
#include <filesystem>

#include "command/job.hpp"
#include "coterie/clustering/assign.hpp"
#include "coterie/dist/own_blocks.hpp"
#include "coterie/store/store_rows.hpp"
#include "outputs/skipped_table.hpp"
#include "outputs/table_file.hpp"
#include "stages/cluster_algorithm.hpp"
#include "stages/clustering_reader.hpp"
#include "stages/new_images.hpp"
#include "stages/reduction_reader.hpp"
#include "stages/solution_writer.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr int kRevision = 1;
constexpr std::int64_t kBlockRows = 1024;
constexpr std::int64_t kEnough = 100;  // images of a cluster whose own distances can say what is far

// Where the new images go; of all rows, on every rank.
struct Placed {
  std::vector<std::int32_t> labels, seconds;
  std::vector<float> distances, second_distances;
  std::vector<float> probabilities;  ///< N x k, of a mixture
  std::vector<double> strangeness;   ///< what outliers are told by: the distance, or minus the log-likelihood
  std::vector<double> share;         ///< of the study's images, those at least as strange
};

// The rows of the new images in the space of the clustering; projected into the study of their own where there is a
// reduction, so that they stream like all others.
std::unique_ptr<RowSource> new_rows(const Job& job, const ClusteringReader& clustering, const Study& fresh,
                                    const std::string& features) {
  const ArtifactReader artifact(fresh.path(Kind::features, features));
  auto rows = std::make_unique<StoreRows>(artifact, "features", good_rows(artifact));
  require(rows->rows() > 0, "none of the new images could be read; {} says why", artifact.path());
  const std::int64_t there =
      ArtifactReader(job.study.path(Kind::features, clustering.features())).shape("features").at(1);
  require(rows->columns() == there, "the new features have {} columns, those of the study {}: they were made otherwise",
          rows->columns(), there);
  if (clustering.reduction().empty()) return rows;
  const ArtifactReader reduction(job.study.path(Kind::reductions, clustering.reduction()));
  Recipe recipe("assign", kRevision);
  recipe.set("normalize-after", reduction.recipe().parameters().at("normalize-after"));
  recipe.input("features", artifact.digest());
  recipe.input("reduction", reduction.digest());
  const std::string path = fresh.path(Kind::reductions, features);
  bool there_already = false;
  job.comm.on_root([&] { there_already = fresh.standing(path, recipe, true) == Standing::current; });
  job.comm.broadcast(std::span(&there_already, 1));
  if (!there_already) {
    const Pca pca = read_pca(reduction);
    ArtifactWriter writer(path, recipe, job.comm);
    writer.create<float>("rows", {rows->rows(), pca.count()});
    project_rows(*rows, pca, job.comm, job.pool, [&](RowRange range, const float* projected) {
      writer.write_rows<float>("rows", range.begin, {projected, static_cast<std::size_t>(range.size() * pca.count())});
    });
    writer.attribute("features", features);
    writer.finish();
  }
  return std::make_unique<StoreRows>(ArtifactReader(path), "rows");
}

Placed place_by_centroids(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowSource& rows) {
  const auto centroids = clustering.artifact().read<float>(ClusteringReader::group(k) + "/centroids");
  const Assignment own = assign(rows, {centroids.data(), k, rows.columns()}, job.comm, job.pool);
  Placed placed;
  placed.labels = job.comm.gather_all(std::span<const std::int32_t>(own.local_labels));
  placed.distances = job.comm.gather_all(std::span<const float>(own.local_distances));
  placed.seconds = job.comm.gather_all(std::span<const std::int32_t>(own.local_seconds));
  placed.second_distances = job.comm.gather_all(std::span<const float>(own.local_second_distances));
  placed.strangeness.assign(placed.distances.begin(), placed.distances.end());
  return placed;
}

GaussianMixture read_model(const ArtifactReader& artifact, std::int64_t k) {
  const std::string group = ClusteringReader::group(k);
  const std::string covariance = artifact.recipe().parameters().at("covariance");
  GaussianMixture model;
  model.k = k;
  model.columns = artifact.shape(group + "/means").at(1);
  model.covariance = covariance_of(covariance);
  model.weights = artifact.read<double>(group + "/weights");
  model.means = artifact.read<double>(group + "/means");
  model.covariances = artifact.read<double>(group + "/covariances");
  model.precisions_cholesky = artifact.read<double>(group + "/precisions_cholesky");
  return model;
}

RowRange own_rows(const Job& job, const RowSource& rows) {
  return RowPartition(rows.rows(), kBlockRows, job.comm.size()).rows_of(job.comm.rank());
}

// Of all rows, on every rank; each rank computes its own.
Posteriors all_posteriors(const Job& job, const GaussianMixture& model, const RowSource& rows) {
  const RowRange own = own_rows(job, rows);
  Posteriors mine;
  std::vector<float> buffer;
  job.comm.together([&] {
    for (std::int64_t begin = own.begin; begin < own.end; begin += kBlockRows) {
      const RowRange block{begin, std::min(begin + kBlockRows, own.end)};
      const auto found = posteriors(model, {rows_at(rows, block, buffer), block.size(), rows.columns()}, job.pool);
      mine.probabilities.insert(mine.probabilities.end(), found.probabilities.begin(), found.probabilities.end());
      mine.log_likelihoods.insert(mine.log_likelihoods.end(), found.log_likelihoods.begin(),
                                  found.log_likelihoods.end());
    }
  });
  return {job.comm.gather_all(std::span<const float>(mine.probabilities)),
          job.comm.gather_all(std::span<const double>(mine.log_likelihoods))};
}

Placed place_by_mixture(const Job& job, const GaussianMixture& model, const RowSource& rows) {
  Posteriors found = all_posteriors(job, model, rows);
  Placed placed;
  const auto k = static_cast<std::size_t>(model.k);
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    const float* p = found.probabilities.data() + static_cast<std::size_t>(i) * k;
    const auto best = static_cast<std::size_t>(std::max_element(p, p + k) - p);
    std::int32_t second = -1;
    for (std::size_t c = 0; c < k; ++c)
      if (c != best && (second < 0 || p[c] > p[static_cast<std::size_t>(second)]))
        second = static_cast<std::int32_t>(c);
    placed.labels.push_back(static_cast<std::int32_t>(best));
    placed.seconds.push_back(second);
  }
  const std::vector<float> means(model.means.begin(), model.means.end());
  const RowRange own = own_rows(job, rows);
  const auto distances_to = [&](const std::vector<std::int32_t>& labels) {
    return job.comm.gather_all(std::span<const float>(distances_to_own(rows, labels, means, own, job)));
  };
  placed.distances = distances_to(placed.labels);
  std::vector<std::int32_t> seconds = placed.seconds;
  for (auto& label : seconds) label = std::max(label, 0);
  placed.second_distances = distances_to(seconds);
  placed.probabilities = std::move(found.probabilities);
  for (const double value : found.log_likelihoods) placed.strangeness.push_back(-value);
  return placed;
}

// Of each new image, the share of the study's own in the same cluster (of all, where that holds fewer than 100) that
// are at least as strange, the new one counted among them: a conformal p-value (Vovk et al. 2005), small for an
// outlier.
void compare_with_study(const std::vector<std::int32_t>& labels, const std::vector<double>& strangeness, std::int64_t k,
                        Placed& placed) {
  std::vector<std::vector<double>> of_cluster(static_cast<std::size_t>(k));
  std::vector<double> of_all = strangeness;
  for (std::size_t i = 0; i < labels.size(); ++i)
    of_cluster[static_cast<std::size_t>(labels[i])].push_back(strangeness[i]);
  for (auto& each : of_cluster) std::sort(each.begin(), each.end());
  std::sort(of_all.begin(), of_all.end());
  for (std::size_t i = 0; i < placed.labels.size(); ++i) {
    const auto& own = of_cluster[static_cast<std::size_t>(placed.labels[i])];
    const auto& known = std::ssize(own) >= kEnough ? own : of_all;
    const auto stranger = known.end() - std::lower_bound(known.begin(), known.end(), placed.strangeness[i]);
    placed.share.push_back(static_cast<double>(stranger + 1) / static_cast<double>(known.size() + 1));
  }
}

Placed place(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowSource& rows) {
  const auto labels = clustering.labels(k);
  if (clustering.algorithm() != "mixture") {
    Placed placed = place_by_centroids(job, clustering, k, rows);
    const auto distances = clustering.distances(k);
    compare_with_study(labels, {distances.begin(), distances.end()}, k, placed);
    return placed;
  }
  const GaussianMixture model = read_model(clustering.artifact(), k);
  Placed placed = place_by_mixture(job, model, rows);
  std::vector<double> strangeness;
  for (const double value : all_posteriors(job, model, *clustering.open_rows()).log_likelihoods)
    strangeness.push_back(-value);
  compare_with_study(labels, strangeness, k, placed);
  return placed;
}

void write_artifact(const std::string& path, const Recipe& recipe, const Placed& placed, double outlier) {
  const auto rows = std::ssize(placed.labels);
  std::vector<std::uint8_t> flags;
  for (const double share : placed.share) flags.push_back(share <= outlier);
  ArtifactWriter writer(path, recipe, Communicator::self());
  writer.put<std::int32_t>("labels", {rows}, placed.labels);
  writer.put<float>("distances", {rows}, placed.distances);
  writer.put<std::int32_t>("seconds", {rows}, placed.seconds);
  writer.put<float>("second_distances", {rows}, placed.second_distances);
  writer.put<double>("share_as_far", {rows}, placed.share);
  writer.put<std::uint8_t>("outlier", {rows}, flags);
  if (!placed.probabilities.empty())
    writer.put<float>("probabilities", {rows, std::ssize(placed.probabilities) / rows}, placed.probabilities);
  writer.finish();
}

void write_table(const std::string& path, const RowNames& names, const Placed& placed, double outlier, TableText text) {
  const std::size_t k = placed.probabilities.size() / placed.labels.size();
  TableFile table(path, text);
  std::vector<std::string> header = {"path",         "label",  "distance", "second", "second_distance",
                                     "share_as_far", "outlier"};
  for (std::size_t c = 0; c < k; ++c) header.push_back(fmt::format("p{}", c));
  table.line(header, ',');
  for (std::size_t i = 0; i < placed.labels.size(); ++i) {
    const bool alone = placed.seconds[i] < 0;
    std::vector<std::string> fields = {names.names[i],
                                       fmt::to_string(placed.labels[i]),
                                       fmt::format("{:.9g}", placed.distances[i]),
                                       alone ? "" : fmt::to_string(placed.seconds[i]),
                                       alone ? "" : fmt::format("{:.9g}", placed.second_distances[i]),
                                       fmt::format("{:.6g}", placed.share[i]),
                                       placed.share[i] <= outlier ? "yes" : "no"};
    for (std::size_t c = 0; c < k; ++c) fields.push_back(fmt::format("{:.6g}", placed.probabilities[i * k + c]));
    table.line(fields, ',');
  }
  table.finish();
}

std::int64_t the_k(const Job& job, const ClusteringReader& clustering) {
  const auto ks = clustering.choose(job.options.counts("k"));
  require(ks.size() == 1, "{} holds solutions for k = {}; say with --k which of them the images are to be given to",
          clustering.artifact().path(), fmt::join(ks, ", "));
  return ks.front();
}

std::string name_of(const Job& job) {
  if (!job.options.text("name").empty()) return job.options.text("name");
  const std::string given = job.options.text(job.options.given("images") ? "images" : "file");
  fs::path source = given.substr(0, given.find('{'));  // of a pattern of shards what comes before its numbers
  if (!source.has_filename()) source = source.parent_path();
  const std::string name = source.stem().string();
  return name.empty() || name == "." || name == ".." ? "new" : name;
}

}  // namespace

void assign_images(Job& job) {
  std::string clustering_name;
  job.comm.together([&] { clustering_name = job.study.find(Kind::clusterings, job.options.text("clustering")); });
  const ClusteringReader clustering(job.study, clustering_name);
  const std::int64_t k = the_k(job, clustering);
  const std::string name = name_of(job);
  require_artifact_name(name);
  const std::string path = job.study.path(Kind::assignments, name);
  const Study fresh(job.study.folder() + "/assignments/" + name);
  if (job.dry_run())
    return job.say("would make {} from {} with k = {}, with the features in {}", path, clustering_name, k,
                   fresh.folder());
  job.comm.on_root([&] {
    make_folder_inside(job.study.folder(), "assignments");
    make_folder_inside(job.study.folder() + "/assignments", name);
  });
  const std::string features = make_new_features(job, clustering.features(), fresh.folder());

  Recipe recipe("assign", kRevision);
  recipe.set("k", fmt::to_string(k));
  recipe.set("outlier", job.options.text("outlier"));
  recipe.input("clustering " + clustering_name, clustering.digest());
  recipe.input("features", ArtifactReader(fresh.path(Kind::features, features)).digest());
  if (!job.must_make(path, recipe)) return;
  const auto rows = new_rows(job, clustering, fresh, features);
  const Placed placed = place(job, clustering, k, *rows);
  const double outlier = job.options.real("outlier");
  job.comm.on_root([&] {
    const std::string tables = job.study.folder() + "/tables", stem = fmt::format("{}/assigned-{}", tables, name);
    make_folder(tables);
    const TableText text = job.options.flag("exact") ? TableText::exact : TableText::harmless;
    write_table(stem + ".csv", read_row_names(fresh, features), placed, outlier, text);
    if (job.options.given("images"))
      write_skipped(stem + "-", read_image_table(fresh.images_path()),
                    ArtifactReader(fresh.path(Kind::features, features)), text);
    write_artifact(path, recipe, placed, outlier);  // last: where it is, all is
    const auto strange =
        std::count_if(placed.share.begin(), placed.share.end(), [&](double s) { return s <= outlier; });
    job.say("wrote {}.csv: {} images given to {} clusters, {} of them flagged as outliers", stem, placed.labels.size(),
            k, strange);
  });
  job.made(path);
}

}  // namespace coterie::jobs
