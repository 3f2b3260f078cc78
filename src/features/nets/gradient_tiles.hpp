// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

template <int kRows>
[[gnu::flatten]] void gradient_tile(const GradientTile& what) {
  Tile<float, kRows, static_cast<int>(kPanel)> tile;
  if (what.first)
    tile.set_zero();
  else
    tile.set(what.sums, what.sums_pitch);
  tile.add_products([left = what.left, pitch = what.left_pitch](int r, std::int64_t i) { return left[i * pitch + r]; },
                    what.panel, what.terms);
  tile.store_to(what.sums, what.sums_pitch);
}

template <int... kCounts>
constexpr GradientTiles gradient_tiles(std::integer_sequence<int, kCounts...>) {
  return {sizeof...(kCounts), {gradient_tile<kCounts + 1>...}};
}

inline constexpr GradientTiles kKernels =
    gradient_tiles(std::make_integer_sequence<int, kTallest<float, static_cast<int>(kPanel)>>());
