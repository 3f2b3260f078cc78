#include "kmeans/lloyd.hpp"

#include <algorithm>
#include <atomic>
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
  run.distances.clear();
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

namespace {

/// Centroids, labels and the sums that join them, as they go on from iteration to iteration.
class Iterations {
 public:
  Iterations(const LocalRows& rows, LloydRun& run, const LloydLimits& limits)
      : rows_(rows),
        run_(run),
        centroids_{run.centroids.data(), static_cast<std::int64_t>(run.centroids.size()) / rows.columns(),
                   rows.columns()},
        drifts_(static_cast<std::size_t>(centroids_.rows), 0.0),
        nearest_(nearest_centroids(rows, centroids_.rows, limits.bounds, limits.memory_bytes)),
        sums_(rows, centroids_.rows) {}

  /// Assigns, and moves the centroids to their rows' means; until no label changes, or the shift is small.
  void go_on(const LloydLimits& limits) {
    bool near = false;
    while (run_.n_iter < limits.max_iter && !run_.settled && !near) {
      ++run_.n_iter;
      const std::int64_t changed = assign();
      const double shift = sums_.move_centroids(centroids_, drifts_);
      run_.settled = changed == 0;
      near = filled_ == 0 && shift <= limits.shift;
      if (limits.after_iteration) limits.after_iteration(run_.n_iter);
    }
    run_.converged = run_.converged || run_.settled || near;
  }

  /// Names the nearest of the last centroids, which stay where they are. Where no label changes, they are the means.
  void label() {
    std::atomic<std::int64_t> changed = 0;
    const auto failure = nearest_->update(centroids_, drifts_, [&](std::span<const Move> moves, int) {
      changed += static_cast<std::int64_t>(moves.size());
    });
    rows_.communicator().together([&] {
      if (failure) std::rethrow_exception(failure);
    });
    run_.settled = filled_ == 0 && rows_.communicator().sum(changed.load()) == 0;
  }

  /// Goes on until no label changes; where max_iter is too few for that, ends with the means of the last labels.
  void settle(LloydLimits limits) {
    limits.shift = -1;
    go_on(limits);
    if (run_.settled) return;
    assign();
    sums_.move_centroids(centroids_, drifts_);
  }

  /// Hands over labels, distances, sizes and inertia.
  void end() {
    run_.labels = nearest_->take_labels();
    measure(rows_, run_);
  }

 private:
  /// Returns how many labels changed.
  std::int64_t assign() {
    const auto failure = nearest_->update(centroids_, drifts_,
                                          [&](std::span<const Move> moves, int worker) { sums_.add(moves, worker); });
    const std::int64_t moved = sums_.reduce(failure);
    filled_ = fill_empty_clusters(rows_, centroids_, *nearest_, sums_);
    run_.reseeded += filled_;
    return moved + filled_;
  }

  const LocalRows& rows_;
  LloydRun& run_;
  MatrixView<float> centroids_;
  std::vector<double> drifts_;
  std::unique_ptr<NearestCentroids> nearest_;
  CentroidSums sums_;
  std::int64_t filled_ = 0;
};

}  // namespace

LloydRun run_lloyd(const LocalRows& rows, std::vector<float> start, std::int64_t k, const LloydLimits& limits,
                   bool to_settle) {
  LloydRun run;
  run.centroids = std::move(start);
  run.centroids.resize(static_cast<std::size_t>(k * rows.columns()));
  Iterations iterations(rows, run, limits);
  iterations.go_on(limits);
  if (to_settle)
    iterations.settle(limits);
  else if (!run.settled)
    iterations.label();
  iterations.end();
  return run;
}

void settle(const LocalRows& rows, LloydRun& run, const LloydLimits& limits) {
  if (run.settled) return;
  Iterations iterations(rows, run, limits);
  iterations.settle(limits);
  iterations.end();
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
