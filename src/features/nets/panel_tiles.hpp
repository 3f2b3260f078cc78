// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

template <int kColumns, int kRows>
[[gnu::flatten]] void panel_tile(const PanelTile& what) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) __builtin_prefetch(what.output + r * what.output_pitch, 1);
  Tile<float, kRows, kColumns> tile;
  tile.set_zero();
  tile.add_products([left = what.left, pitch = what.left_pitch](int r, std::int64_t i) { return left[r * pitch + i]; },
                    what.panel, what.inputs);
  if (!what.first)
    tile.add(what.output, what.output_pitch);
  else if (what.bias != nullptr)
    tile.add(what.bias, 0);
  if (what.last) {
    if (what.addend != nullptr) tile.add(what.addend, what.addend_pitch);
    tile.each([&](auto& sums, int, int) {
      using Sums = std::remove_reference_t<decltype(sums)>;
      const auto low = broadcast<Sums>(what.bounds.low), high = broadcast<Sums>(what.bounds.high);
      sums = sums < low ? low : sums;
      sums = sums > high ? high : sums;
    });
  }
  tile.store_to(what.output, what.output_pitch);
}

template <int kColumns, int... kCounts>
constexpr PanelTiles panel_tiles(std::integer_sequence<int, kCounts...>) {
  return {sizeof...(kCounts), {panel_tile<kColumns, kCounts + 1>...}};
}

template <int kColumns>
constexpr PanelTiles panel_tiles() {
  return panel_tiles<kColumns>(std::make_integer_sequence<int, kTallest<float, kColumns>>());
}

// Of a last panel of up to 8 outputs, and of one of 16.
inline constexpr PanelTiles kKernels[2] = {panel_tiles<kLanes>(), panel_tiles<kWide>()};
