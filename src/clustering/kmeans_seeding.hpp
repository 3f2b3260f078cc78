#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/random.hpp"
#include "local_rows.hpp"

namespace coterie {

/// Greedy k-means++: k x D rows of the data, each the best of 2 + floor(ln k) candidates drawn with probability
/// proportional to the squared distance to the nearest row chosen so far.
///
/// Weights are 64-bit integers and draws are made over their exact prefix sums in global row order, so every rank
/// count draws the same rows. A row that equals a chosen one has weight zero: the k rows are distinct, and
/// InvalidArgument naming the number of distinct rows is thrown where there are fewer than k.
///
/// A row is left out of a step when the candidates lie so far from its nearest chosen row that none can be nearer
/// (triangle inequality). At most 2 n k D (2 + ln k) flops; messages: kmeans.hpp. Memory: 8 bytes a row, and
/// 12 (2 + ln k) in the worst step.
std::vector<float> seed_centroids(const LocalRows& rows, std::int64_t k, const Random& random);

}  // namespace coterie
