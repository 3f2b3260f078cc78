// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

/// kRows rows with a panel. Meanwhile asks for the rows `ahead`, since with few centroids a pass waits for memory.
template <bool kAhead, int kColumns, int kRows>
[[gnu::flatten]] void panel_tile(const float* const* rows, const float* const* ahead, const float* panel,
                                 std::int64_t columns, float* dots) {
  std::array<const float*, kRows> row, next;
  for (std::size_t r = 0; r < kRows; ++r) row[r] = rows[r], next[r] = ahead[r];
  for (std::int64_t begin = 0; begin < columns; begin += kTermsPerSum) {
    const std::int64_t end = std::min(columns, begin + kTermsPerSum);
    Tile<float, kRows, kColumns> tile;
    tile.set_zero();
    // As lines of the cache; where nothing is asked for, one loop is faster.
    constexpr std::int64_t kStretch = kAhead ? kFloatsPerLine : kTermsPerSum;
    for (std::int64_t stretch = begin; stretch < end; stretch += kStretch) {
      if constexpr (kAhead)
#pragma GCC unroll 16
        for (std::size_t r = 0; r < kRows; ++r) __builtin_prefetch(next[r] + stretch);
      tile.add_products([&](int r, std::int64_t d) { return row[static_cast<std::size_t>(r)][stretch + d]; },
                        panel + stretch * kColumns, std::min(end - stretch, kStretch));
    }
    if (begin > 0) tile.add(dots, kColumns);
    tile.store_to(dots, kColumns);
  }
}

template <bool kAhead, int kColumns, int... kCounts>
constexpr PanelTiles panel_tiles(std::integer_sequence<int, kCounts...>) {
  return {sizeof...(kCounts), {panel_tile<kAhead, kColumns, kCounts + 1>...}};
}

template <bool kAhead, int kColumns>
constexpr PanelTiles panel_tiles() {
  return panel_tiles<kAhead, kColumns>(std::make_integer_sequence<int, kTallest<float, kColumns>>());
}

// By whether rows are asked for ahead, and vectors - 1.
constexpr PanelTiles kKernels[2][kMaxVectors] = {
    {panel_tiles<false, kLanes>(), panel_tiles<false, 2 * kLanes>(), panel_tiles<false, 3 * kLanes>()},
    {panel_tiles<true, kLanes>(), panel_tiles<true, 2 * kLanes>(), panel_tiles<true, 3 * kLanes>()}};
