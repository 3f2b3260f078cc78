// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

/// rows: kRows x pairs of numbers, as in the panel. out: rows `stride` apart.
template <int kRows>
[[gnu::flatten]] void byte_tile(const std::int32_t* rows, std::int64_t pairs, const std::int32_t* panel,
                                std::int32_t* out, std::int64_t stride) {
  Tile<std::int32_t, kRows, kPanelLanes> tile;
  tile.set_zero();
  tile.add_products([=](int r, std::int64_t i) { return rows[r * pairs + i]; }, panel, pairs);
  tile.store_to(out, stride);
}

template <int... kCounts>
constexpr ByteTiles byte_tiles(std::integer_sequence<int, kCounts...>) {
  return {sizeof...(kCounts), {byte_tile<kCounts + 1>...}};
}

constexpr ByteTiles kKernels = byte_tiles(std::make_integer_sequence<int, kTallest<std::int32_t, kPanelLanes>>());
