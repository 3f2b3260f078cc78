#include "stages/pseudo_labels.hpp"

#include <algorithm>
#include <filesystem>

#include "coterie/clustering/kmeans.hpp"
#include "coterie/features/network.hpp"
#include "coterie/reduction/pca.hpp"
#include "coterie/store/store_rows.hpp"
#include "coterie/training/sampler.hpp"
#include "stages/block_extraction.hpp"
#include "stages/extract_task.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kComponents = 256;  // of the whitened rows: the origin's
constexpr int kIterations = 20;            // of k-means
constexpr std::int64_t kBlockRows = 32, kExtractBatch = 4;

// The rows of images that could be read.
std::vector<std::int64_t> good_rows(const ArtifactReader& features, std::int64_t clusters) {
  const auto statuses = features.read<std::uint8_t>("status");
  std::vector<std::int64_t> good;
  for (std::size_t row = 0; row < statuses.size(); ++row)
    if (statuses[row] == 0) good.push_back(static_cast<std::int64_t>(row));
  require(std::ssize(good) >= clusters, "--clusters {}, and only {} images can be read", clusters, good.size());
  return good;
}

std::vector<float> whitened(const Job& job, const RowSource& rows) {
  PcaOptions options;
  options.whiten = true;
  options.normalise_after = Normalise::l2;
  options.components = std::min({kComponents, rows.rows(), rows.columns()});
  options.memory_bytes = job.memory_bytes;
  const Pca pca = fit_pca(rows, options, job.comm, job.pool);
  std::vector<float> own;
  project_rows(rows, pca, job.comm, job.pool, [&](RowRange range, const float* projected) {
    own.insert(own.end(), projected, projected + range.size() * pca.count());
  });
  return job.comm.gather_all(std::span<const float>(own));
}

// Row by row of `values`, which stand for the images `good`.
std::vector<float> drawn_centroids(std::int64_t clusters, std::int64_t rows, const std::vector<float>& values,
                                   std::uint64_t seed, std::uint32_t epoch) {
  const std::int64_t columns = std::ssize(values) / rows;
  auto drawn = shuffled(rows, seed + 1234, epoch);
  drawn.resize(static_cast<std::size_t>(clusters));
  std::vector<float> centroids;
  for (const auto row : drawn)
    centroids.insert(centroids.end(), values.begin() + row * columns, values.begin() + (row + 1) * columns);
  return centroids;
}

// The means of the clusters of the epoch before; one that had no image keeps the centroid that it has.
void move_to_means(std::span<const std::int32_t> before, const std::vector<std::int64_t>& good,
                   const std::vector<float>& values, std::vector<float>& centroids) {
  const std::int64_t columns = std::ssize(values) / std::ssize(good), clusters = std::ssize(centroids) / columns;
  std::vector<double> sums(centroids.size());
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(clusters));
  for (std::size_t i = 0; i < good.size(); ++i) {
    const std::int32_t label = before[static_cast<std::size_t>(good[i])];
    if (label < 0) continue;
    ++sizes[static_cast<std::size_t>(label)];
    const float* row = values.data() + static_cast<std::int64_t>(i) * columns;
    for (std::int64_t c = 0; c < columns; ++c)
      sums[static_cast<std::size_t>(label * columns + c)] += static_cast<double>(row[c]);
  }
  for (std::int64_t k = 0; k < clusters; ++k)
    if (const auto size = sizes[static_cast<std::size_t>(k)]; size > 0)
      for (auto c = static_cast<std::size_t>(k * columns); c < static_cast<std::size_t>((k + 1) * columns); ++c)
        centroids[c] = static_cast<float>(sums[c] / static_cast<double>(size));
}

}  // namespace

void extract_all(const Job& job, const ImageList& list, const Backbone& backbone, const DeviceChoice& device,
                 const std::function<WeightFile()>& weights, const std::string& path, std::uint32_t epoch) {
  Recipe recipe = job.recipe;
  recipe.set("epoch", fmt::format("{}", epoch));
  const std::int64_t numbers = find_layer(backbone, "").dimension;
  FeatureFile file(path, recipe, {std::ssize(list.images), numbers, kBlockRows}, list.identities, false, job.comm);
  if (file.complete()) return;
  const WeightFile there = weights();
  std::vector<Network> networks;
  const NetworkOptions options{
      .device = device.gpu ? Device::cuda : Device::cpu, .local_rank = job.comm.local_rank(), .gpu_batch = kBlockRows};
  job.comm.together([&] {
    networks.emplace_back(backbone, std::vector{backbone.default_layer}, there, backbone.preprocess, options);
  });
  FeatureFile* files[] = {&file};
  ExtractTimes times;
  const int threads = job.pool.threads();
  const ExtractorOptions pace = device.gpu ? ExtractorOptions{list.limits, kGpuThreads, threads, kBlockRows}
                                           : ExtractorOptions{list.limits, threads, 0, kExtractBatch};
  if (!extract_missing(job, "features", list, files, networks, pace, times))
    throw Stopped(fmt::format("{}: stopped in good order; the same command goes on from here",
                              std::filesystem::path(path).parent_path().string()));
}

PseudoLabels pseudo_labels(const Job& job, const std::string& path, std::uint32_t epoch,
                           std::span<const std::int32_t> before) {
  const ArtifactReader features(path);
  const std::int64_t clusters = job.options.count("clusters");
  const auto seed = static_cast<std::uint64_t>(job.options.count("seed"));
  const auto good = good_rows(features, clusters);
  const StoreRows source(features, "features", good);
  const std::vector<float> values = whitened(job, source);
  const std::int64_t columns = std::ssize(values) / std::ssize(good);
  std::vector<float> centroids = drawn_centroids(clusters, std::ssize(good), values, seed, epoch);
  if (!before.empty()) move_to_means(before, good, values, centroids);
  KMeansOptions options;
  options.k = clusters;
  options.n_init = 1;
  options.max_iter = kIterations;
  options.tol = 0;
  options.settle = false;
  options.seed = seed;
  options.memory_bytes = job.memory_bytes;
  options.initial_centroids = centroids;
  const KMeansResult found =
      kmeans(MemoryRows({values.data(), std::ssize(good), columns}), options, job.comm, job.pool);
  const auto labels = job.comm.gather_all(std::span<const std::int32_t>(found.local_labels));
  PseudoLabels made;
  made.labels.assign(features.read<std::uint8_t>("status").size(), -1);
  for (std::size_t i = 0; i < good.size(); ++i) made.labels[static_cast<std::size_t>(good[i])] = labels[i];
  double squares = 0;
  for (const float value : values) squares += static_cast<double>(value) * static_cast<double>(value);
  made.inertia = found.inertia;
  made.explained = squares > 0 ? 1 - found.inertia / squares : 0;
  made.emptied = found.reseeded;
  return made;
}

}  // namespace coterie::jobs
