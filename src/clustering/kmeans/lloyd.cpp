#include "kmeans/lloyd.hpp"

#include <algorithm>
#include <cmath>

#include "kmeans/centroid_sums.hpp"
#include "kmeans/empty_clusters.hpp"
#include "kmeans/nearest_centroids.hpp"
#include "rows/panel_kernel.hpp"

namespace coterie::inline clustering {

void measure(const LocalRows& rows, LloydRun& run) {
  const MatrixView<const float> centroids{
      run.centroids.data(), static_cast<std::int64_t>(run.centroids.size()) / rows.columns(), rows.columns()};
  const auto squared = own_squared_distances(rows, centroids, run.labels);
  const double largest = squared.empty() ? 0 : *std::max_element(squared.begin(), squared.end());
  const ExactScale scale(rows.communicator().max(largest), rows.total());
  run.sizes.assign(static_cast<std::size_t>(centroids.rows) + 1, 0);
  for (std::size_t i = 0; i < squared.size(); ++i) {
    run.distances.push_back(static_cast<float>(std::sqrt(squared[i])));
    ++run.sizes[static_cast<std::size_t>(run.labels[i])];
    run.sizes.back() += scale.quantise(squared[i]);
  }
  rows.communicator().sum(std::span(run.sizes));
  run.inertia = scale.value(run.sizes.back());
  run.sizes.pop_back();
}

LloydRun run_lloyd(const LocalRows& rows, std::vector<float> start, std::int64_t k, const LloydLimits& limits) {
  LloydRun run;
  run.centroids = std::move(start);
  const MatrixView<float> centroids{run.centroids.data(), k, rows.columns()};
  std::vector<double> drifts(static_cast<std::size_t>(k), 0.0);
  const auto nearest = nearest_centroids(rows, k, limits.bounds, limits.memory_bytes);
  CentroidSums sums(rows, k);
  bool settled = false;  // the labels belong to the centroids
  while (run.n_iter < limits.max_iter && !run.converged) {
    ++run.n_iter;
    const auto failure =
        nearest->update(centroids, drifts, [&](std::span<const Move> moves, int worker) { sums.add(moves, worker); });
    const std::int64_t moved = sums.reduce(failure);
    const std::int64_t filled = fill_empty_clusters(rows, centroids, *nearest, sums);
    run.reseeded += filled;
    settled = moved == 0 && filled == 0;
    const double shift = sums.move_centroids(centroids, drifts);
    run.converged = settled || (filled == 0 && shift <= limits.shift);
  }
  if (!settled) {
    const auto failure = nearest->update(centroids, drifts, [](std::span<const Move>, int) {});
    rows.communicator().together([&] {
      if (failure) std::rethrow_exception(failure);
    });
  }
  run.labels = nearest->take_labels();
  measure(rows, run);
  return run;
}

std::vector<double> own_squared_distances(const LocalRows& rows, MatrixView<const float> centroids,
                                          std::span<const std::int32_t> labels) {
  std::vector<double> squared(labels.size());
  std::vector<std::vector<float>> buffers(static_cast<std::size_t>(rows.pool().threads()));
  rows.for_each_block([&](std::int64_t number, int worker) {
    const RowRange block = rows.block(number);
    const float* values = rows.values(block, buffers[static_cast<std::size_t>(worker)]);
    for (std::int64_t i = 0; i < block.size(); ++i) {
      const auto row = static_cast<std::size_t>(block.begin + i);
      squared[row] = squared_distance(values + i * rows.columns(), centroids.row(labels[row]), rows.columns());
    }
  });
  return squared;
}

}  // namespace coterie::inline clustering
