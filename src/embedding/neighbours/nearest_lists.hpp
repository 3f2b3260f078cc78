#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "coterie/evaluation/pair_distances.hpp"

namespace coterie::inline embedding {

/// A row that may be among the nearest.
struct Candidate {
  float distance;
  std::int32_t row;

  bool operator<(const Candidate& other) const {
    return distance != other.distance ? distance < other.distance : row < other.row;
  }
};

/// The nearest of the rows that were seen so far, for each of kGroup lanes. Rows must come in ascending order: then one
/// that is as far as the last one kept is not nearer than it.
class NearestLists {
 public:
  /// `count` are kept of each lane; `own`: of each lane the row that is itself, -1 in lanes without a row.
  void begin(std::int64_t count, const std::array<std::int32_t, kGroup>& own);

  /// Distances of the row to all lanes.
  void add(std::int32_t row, const float* distances);

  /// Those of a lane, nearest first.
  const std::vector<Candidate>& finish(std::int64_t lane);

 private:
  void take(std::size_t lane, float distance, std::int32_t row);
  void shorten(std::vector<Candidate>& list, std::size_t lane);

  std::size_t count_ = 0;
  alignas(32) std::array<float, kGroup> limits_{};  ///< only what is nearer can be among the nearest
  std::array<std::int32_t, kGroup> own_{};
  std::array<std::vector<Candidate>, kGroup> lists_;  ///< up to twice `count`, in no order
};

}  // namespace coterie::inline embedding
