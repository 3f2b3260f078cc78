#include "coterie/evaluation/indices.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "distances/centroid_distances.hpp"
#include "indices/cluster_sums.hpp"
#include "indices/davies_bouldin.hpp"

namespace coterie::inline evaluation {
namespace {

/// Sums of `power` 1 or 2 of this rank's distances by cluster, exact over all ranks.
std::vector<double> sums_by_cluster(const ClusterIndices& indices, const Labelling& labelling, int power, double most,
                                    const Communicator& comm) {
  const ExactScale scale(power == 2 ? most * most : most, std::ssize(labelling.labels));
  std::vector<std::int64_t> sums(indices.sizes.size());
  for (std::int64_t i = indices.own_rows.begin; i < indices.own_rows.end; ++i) {
    const double distance = indices.distances[static_cast<std::size_t>(i - indices.own_rows.begin)];
    sums[static_cast<std::size_t>(labelling.labels[static_cast<std::size_t>(i)])] +=
        scale.quantise(power == 2 ? distance * distance : distance);
  }
  comm.sum(std::span(sums));
  std::vector<double> values;
  for (const std::int64_t sum : sums) values.push_back(scale.value(sum));
  return values;
}

double calinski_harabasz(const ClusterIndices& indices, const std::vector<double>& mean, std::int64_t rows) {
  if (indices.inertia == 0) return 1;
  double between = 0;
  std::int64_t used = 0;
  for (std::size_t k = 0; k < indices.sizes.size(); ++k) {
    const double* centroid = indices.centroids.data() + k * mean.size();
    between += static_cast<double>(indices.sizes[k]) * square_distance(centroid, mean.data(), std::ssize(mean));
    used += indices.sizes[k] > 0;
  }
  return between * static_cast<double>(rows - used) / (indices.inertia * static_cast<double>(used - 1));
}

}  // namespace

RowsSummary summarise_rows(const RowSource& source, const Communicator& comm, ThreadPool& pool) {
  RowsSummary summary;
  summary.bounds = column_bounds(source, comm, pool);
  summary.mean = cluster_means(source, {}, {source.rows()}, summary.bounds, comm, pool);
  return summary;
}

ClusterIndices cluster_indices(const RowSource& source, const Labelling& labelling, const Communicator& comm,
                               ThreadPool& pool) {
  require(std::ssize(labelling.labels) == source.rows(), "{} labels for {} rows", labelling.labels.size(),
          source.rows());
  return cluster_indices(source, labelling, summarise_rows(source, comm, pool), comm, pool);
}

ClusterIndices cluster_indices(const RowSource& source, const Labelling& labelling, const RowsSummary& summary,
                               const Communicator& comm, ThreadPool& pool) {
  require(std::ssize(labelling.labels) == source.rows(), "{} labels for {} rows", labelling.labels.size(),
          source.rows());
  const auto columns = static_cast<std::size_t>(source.columns());
  require(std::ssize(summary.bounds) == source.columns() && std::ssize(summary.mean) == source.columns(),
          "a summary of {} columns for rows of {}", summary.bounds.size(), source.columns());
  ClusterIndices result;
  result.sizes = cluster_sizes(labelling);
  result.centroids = cluster_means(source, labelling.labels, result.sizes, summary.bounds, comm, pool);
  result.own_rows = RowPartition(source.rows(), kIndicesBlockRows, comm.size()).rows_of(comm.rank());
  result.distances.resize(static_cast<std::size_t>(result.own_rows.size()));
  visit_own_blocks(source, kIndicesBlockRows, comm, pool, [&](const float* rows, int, RowRange range) {
    for (std::int64_t i = range.begin; i < range.end; ++i, rows += columns) {
      const auto cluster = static_cast<std::size_t>(labelling.labels[static_cast<std::size_t>(i)]);
      result.distances[static_cast<std::size_t>(i - result.own_rows.begin)] =
          std::sqrt(square_distance(rows, result.centroids.data() + cluster * columns, source.columns()));
    }
  });
  double most = 0;
  for (const double distance : result.distances) most = std::max(most, distance);
  most = comm.max(most);
  result.inertias = sums_by_cluster(result, labelling, 2, most, comm);
  result.mean_distance = sums_by_cluster(result, labelling, 1, most, comm);
  for (std::size_t k = 0; k < result.sizes.size(); ++k) {
    result.inertia += result.inertias[k];
    if (result.sizes[k] > 0) result.mean_distance[k] /= static_cast<double>(result.sizes[k]);
  }
  result.reason = undefined_reason(result.sizes);
  result.defined = result.reason.empty();
  if (!result.defined) return result;
  result.calinski_harabasz = calinski_harabasz(result, summary.mean, source.rows());
  result.davies_bouldin = davies_bouldin(result.centroids, result.sizes, result.mean_distance,
                                         centring_of(summary.bounds, summary.mean), pool);
  return result;
}

}  // namespace coterie::inline evaluation
