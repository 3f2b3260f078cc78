#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "coterie/tiles/aligned_vector.hpp"

namespace coterie::inline clustering {

/// Centroids of whole numbers, packed for the kernel: groups of kLanes centroids, and in a group for each pair of
/// columns the two values of each centroid side by side, which one instruction multiplies and adds.
struct BytePanels {
  static constexpr std::int64_t kLanes = 32;  // two registers of AVX-512: a tile of 12 rows fills the registers

  BytePanels(std::span<const std::int16_t> centroids, std::int64_t count, std::int64_t row_columns);

  std::int64_t groups() const { return static_cast<std::int64_t>(quotient.size()) / kLanes; }

  std::int64_t k, columns, pairs;
  AlignedVector<std::int16_t> packed;  ///< groups x pairs x kLanes x 2
  /// A centroid's squared length is 256 quotient + remainder. With `product` of row and centroid the row's distance is
  /// 256 (quotient - product) + remainder, and its own squared length, which all centroids have in common.
  std::vector<std::int32_t> quotient, remainder;  ///< groups x kLanes; of lanes past k so large that none wins
};

/// The best so far of each lane, for one row.
struct LaneBest {
  alignas(64) std::array<std::int32_t, BytePanels::kLanes> score;  ///< quotient - product
  alignas(64) std::array<std::int32_t, BytePanels::kLanes> remainder;
  alignas(64) std::array<std::int32_t, BytePanels::kLanes> group;
};

/// Lets every group of the panels compete for `count` rows of 2 pairs 16-bit values (a last odd column is followed by
/// a zero). A later group wins a lane only where it is strictly nearer.
void compete(const BytePanels& panels, const std::int16_t* rows, std::int64_t count, LaneBest* best);

}  // namespace coterie::inline clustering
