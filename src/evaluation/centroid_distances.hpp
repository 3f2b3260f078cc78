#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "pair_products.hpp"

namespace coterie {

/// |a - b|^2 in double, eight sums in a fixed order: of a row and a centroid, or of two centroids.
double square_distance(const float* a, const double* b, std::int64_t columns);
double square_distance(const double* a, const double* b, std::int64_t columns);

/// The centroids of clusters with rows, centred in float32 as lanes of products, slot by slot in ascending order.
struct CentroidLanes {
  std::vector<std::int64_t> clusters;  ///< of each slot
  std::vector<std::int64_t> slots;     ///< of each cluster; -1 where it is empty
  std::vector<float> centred;          ///< slots x D
  std::vector<double> lengths;         ///< of the centred centroids
  LaneTile lanes;

  CentroidLanes(const std::vector<double>& centroids, const std::vector<std::int64_t>& sizes, const Centring& centring);
};

/// A bound on the error of |x|^2 + |y|^2 - 2 <x, y> taken from float32 products of two centred vectors of these
/// lengths, against the vectors before they were rounded to float32.
double square_error(std::int64_t columns, double a, double b);

/// Davies and Bouldin's index: the mean over clusters of the largest (s_a + s_b) / |c_a - c_b|, s the mean distance to
/// the centroid; as scikit-learn has it, so 0 where all rows lie on their centroids or all centroids are one. 2 k^2 D
/// flops in float32 tell which pairs can be the largest; those are measured in double. Same bits on any threads.
double davies_bouldin(const std::vector<double>& centroids, const std::vector<std::int64_t>& sizes,
                      const std::vector<double>& mean_distance, const Centring& centring, ThreadPool& pool);

}  // namespace coterie
