#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/random.hpp"
#include "coterie/base/share_done.hpp"
#include "rows/local_rows.hpp"

namespace coterie::inline clustering {

/// What greedy k-means++ begins with.
struct SeedingTask {
  std::int64_t k;
  std::span<const Random> starts;                     ///< the draws of each
  MatrixView<const float> chosen = {};                ///< fewer than k points that every start has already
  std::span<const std::int64_t> weights = {};         ///< how many rows each local row stands for; empty: one each
  std::int64_t total_weight = 0;                      ///< of all ranks, one of which may own no row; 0: one each
  std::int64_t memory_bytes = std::int64_t{1} << 30;  ///< says how many starts share a pass over the rows
  ShareDone on_share = {};
};

/// Greedy k-means++: for each start k x D rows of the data, each the best of 2 + floor(ln k) candidates drawn with
/// probability proportional to weight times squared distance to the nearest row chosen so far.
///
/// Weights are 64-bit integers and draws are made over their exact prefix sums in global row order, so every rank
/// count draws the same rows. A row that equals a chosen one has weight zero: the k rows are distinct, and
/// InvalidArgument naming the number of distinct rows is thrown where there are fewer than k.
///
/// All starts share the passes over the rows and the messages, and get what each would get alone. A row is left out of
/// a step when the candidates lie so far from its nearest chosen row that none can be nearer (triangle inequality). At
/// most 2 n k D (2 + ln k) flops a start; two messages a step, of 8 (2 + ln k) bytes a start and that times the ranks.
/// Memory: 8 bytes a row and start, and 8 (2 + ln k) more in the worst step.
std::vector<std::vector<float>> plus_plus(const LocalRows& rows, const SeedingTask& task);

}  // namespace coterie::inline clustering
