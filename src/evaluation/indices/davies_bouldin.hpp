#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/evaluation/pair_distances.hpp"

namespace coterie::inline evaluation {

/// Davies and Bouldin's index: the mean over clusters of the largest (s_a + s_b) / |c_a - c_b|, s the mean distance to
/// the centroid; as scikit-learn has it, so 0 where all rows lie on their centroids or all centroids are one. 2 k^2 D
/// flops in float32 tell which pairs can be the largest; those are measured in double. Same bits on any threads.
double davies_bouldin(const std::vector<double>& centroids, const std::vector<std::int64_t>& sizes,
                      const std::vector<double>& mean_distance, const Centring& centring, ThreadPool& pool);

}  // namespace coterie::inline evaluation
