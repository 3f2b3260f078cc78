#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/topics/topic_model.hpp"

namespace coterie::inline topics {

/// Points in the plane, as near to each other as what they stand for is.
struct PlaneMap {
  std::vector<double> x, y;
  double shown = 0;  ///< the two axes' part of all variance, in [0, 1]; 1 where all distances are 0
};

/// Classical scaling (principal coordinates) of n x n squared distances, symmetric with zeros in the diagonal: the best
/// plane for them, its first axis the one with most variance. Directions are settled: the point farthest out on an axis
/// is on its positive side. n^3 flops. Throws InvalidArgument for another number of distances.
PlaneMap classical_scaling(std::span<const double> squared_distances, std::int64_t n);

/// The same of a model's topics by the Jensen-Shannon distance of their words: the root of the divergence, which is a
/// distance that fits into a Euclidean space (Endres & Schindelin 2003). (pyLDAvis scales the divergence itself.)
PlaneMap topic_map(const TopicModel& model);

}  // namespace coterie::inline topics
