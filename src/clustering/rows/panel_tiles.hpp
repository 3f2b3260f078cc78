// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

/// kRows rows with a panel. Meanwhile asks for the rows `ahead`, since with few centroids a pass waits for memory.
template <bool kAhead, int kColumns, int kRows>
[[gnu::flatten]] void panel_tile(const float* const* rows, const float* const* ahead, const float* panel,
                                 std::int64_t columns, float* dots) {
  for (std::int64_t begin = 0; begin < columns; begin += kTermsPerSum) {
    const std::int64_t end = std::min(columns, begin + kTermsPerSum);
    Tile<float, kRows, kColumns> tile;
    tile.set_zero();
    // As lines of the cache; where nothing is asked for, one loop is faster.
    constexpr std::int64_t kStretch = kAhead ? kFloatsPerLine : kTermsPerSum;
    for (std::int64_t stretch = begin; stretch < end; stretch += kStretch) {
      if constexpr (kAhead)
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) __builtin_prefetch(ahead[r] + stretch);
      tile.add_products([=](int r, std::int64_t d) { return rows[r][stretch + d]; }, panel + stretch * kColumns,
                        std::min(end - stretch, kStretch));
    }
    if (begin > 0) tile.add(dots, kColumns);
    tile.store_to(dots, kColumns);
  }
}

template <bool kAhead, int kColumns, int... kCounts>
constexpr PanelTiles panel_tiles(std::integer_sequence<int, kCounts...>) {
  return {sizeof...(kCounts), {panel_tile<kAhead, kColumns, kCounts + 1>...}};
}

// Each row that is read wants a register for its address, and one that is asked for another: where a row of sums is one
// vector, AVX-512 was measured up to a fifth faster with 8 rows than with 12.
template <bool kAhead, int kColumns>
constexpr PanelTiles panel_tiles() {
  constexpr int kRows = COTERIE_VECTOR_BYTES == 64 && kColumns * sizeof(float) <= 64 ? 8 : kTallest<float, kColumns>;
  return panel_tiles<kAhead, kColumns>(std::make_integer_sequence<int, kRows>());
}

// By whether rows are asked for ahead, and vectors - 1.
inline constexpr PanelTiles kKernels[2][kMaxVectors] = {
    {panel_tiles<false, kLanes>(), panel_tiles<false, 2 * kLanes>(), panel_tiles<false, 3 * kLanes>()},
    {panel_tiles<true, kLanes>(), panel_tiles<true, 2 * kLanes>(), panel_tiles<true, 3 * kLanes>()}};
