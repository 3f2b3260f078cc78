#pragma once

#include <cstdint>
#include <vector>

#include "coterie/evaluation/pair_distances.hpp"

namespace coterie::inline evaluation {

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

}  // namespace coterie::inline evaluation
