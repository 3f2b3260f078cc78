// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

template <int kRows>
[[gnu::flatten]] void product_tile(const float* rows, std::int64_t row_stride, const float* panel, std::int64_t terms,
                                   float* out, bool first) {
  constexpr int kColumns = static_cast<int>(kPanel);
  Tile<float, kRows, kColumns> tile;
  tile.set_zero();
  tile.add_products([=](int r, std::int64_t d) { return rows[r * row_stride + d]; }, panel, terms);
  if (!first) tile.add(out, kGroup);
  tile.store_to(out, kGroup);
}

template <int... kCounts>
constexpr ProductTiles product_tiles(std::integer_sequence<int, kCounts...>) {
  return {sizeof...(kCounts), {product_tile<kCounts + 1>...}};
}

inline constexpr ProductTiles kKernels = product_tiles(std::make_integer_sequence<int, kTallest<float, kPanel>>());
