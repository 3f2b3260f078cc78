#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "coterie/clustering/kmeans.hpp"
#include "rows/local_rows.hpp"

namespace coterie::inline clustering {

/// One start of Lloyd's algorithm, from given centroids to its end.
struct LloydRun {
  std::vector<float> centroids;      // k x D
  std::vector<std::int32_t> labels;  // of the local rows
  std::vector<float> distances;
  std::vector<std::int64_t> sizes;
  double inertia = 0;
  int n_iter = 0;
  bool converged = false;
  bool settled = false;  // the centroids are the means of their rows, and each row's label is its nearest centroid
  std::int64_t reseeded = 0;
};

struct LloydLimits {
  int max_iter;
  double shift;  // converged when the squared shifts of all centroids sum to at most this
  KMeansBounds bounds;
  std::int64_t memory_bytes;  // for them
  std::function<void(int n_iter)> after_iteration = {};
};

/// Collective. The order of things is scikit-learn's, so that n_iter means the same: assign, move, then stop if no
/// label changed or the shift is small; in the second case, assign once more (such a run is not settled as a rule), or,
/// `to_settle`, go on as settle() does.
LloydRun run_lloyd(const LocalRows& rows, std::vector<float> centroids, std::int64_t k, const LloydLimits& limits,
                   bool to_settle = false);

/// Goes on with a run that the tolerance or max_iter ended, until no label changes, with at most limits.max_iter
/// iterations in all; whether it converged stays as it was said. Where those do not suffice, ends with the means of the
/// last labels, no cluster empty: exact, but a row may be nearer to another of them. Collective.
void settle(const LocalRows& rows, LloydRun& run, const LloydLimits& limits);

/// Distances, sizes and inertia of a run that has its centroids and labels: exact sums, so the same on any number of
/// ranks. Collective; a message of 8 bytes and one of 8 (k + 1).
void measure(const LocalRows& rows, LloydRun& run);

/// The squared distance of each local row to its own centroid, by the definition (squared_distance()).
std::vector<double> own_squared_distances(const LocalRows& rows, MatrixView<const float> centroids,
                                          std::span<const std::int32_t> labels);

}  // namespace coterie::inline clustering
