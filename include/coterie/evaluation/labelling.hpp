#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace coterie::inline evaluation {

/// A cluster for each of N rows: labels[i] in 0 .. clusters-1, the same on every rank. Clusters may be empty.
/// The labels must outlive it.
struct Labelling {
  std::span<const std::int32_t> labels;
  std::int64_t clusters = 0;
};

/// How many rows each cluster has. Throws InvalidArgument, with the row, for a label out of range.
std::vector<std::int64_t> cluster_sizes(const Labelling& labelling);

/// Why silhouette, Calinski-Harabasz and Davies-Bouldin have no value, or "" when they have: they need at least two
/// clusters with rows in them, and fewer clusters than rows (scikit-learn's rule).
const char* undefined_reason(const std::vector<std::int64_t>& sizes);

}  // namespace coterie::inline evaluation
