// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

constexpr int kColumns = static_cast<int>(kPanelColumns);

template <int kRows>
[[gnu::flatten]] void product_tile(const double* const* rows, const double* panel, std::int64_t terms, double* sums,
                                   std::int64_t stride) {
  Tile<double, kRows, kColumns> tile;
  tile.set(sums, stride);
  tile.add_products([rows](int r, std::int64_t i) { return rows[r][i]; }, panel, terms);
  tile.store_to(sums, stride);
}

[[gnu::flatten]] inline void exact_tile(const double* left, const double* right, std::int64_t terms,
                                        double steps_per_unit, std::int64_t* sums, std::int64_t stride) {
  Tile<double, kTileRows, kColumns> tile;
  tile.set_zero();
  tile.add_products([left](int r, std::int64_t i) { return left[kTileRows * i + r]; }, right, terms);
  tile.each([&](auto& products, int r, int column) {
    using Products = std::remove_reference_t<decltype(products)>;
    using Steps = Vector<std::int64_t, sizeof(Products) / sizeof(std::int64_t)>;
    std::int64_t* const out = sums + r * stride + column;
    const auto steps = (Steps)fused(products, broadcast<Products>(steps_per_unit), broadcast<Products>(kMagic));
    store(out, load<Steps>(out) + (steps - kMagicBits));
  });
}

template <int kRows>
[[gnu::flatten]] void triangle_tile(const double* const* rows, const double* packed, std::int64_t terms,
                                    std::int64_t most, std::int64_t panels, const double* offsets, double* squares) {
  using Lanes = Vector<double, 4>;
  Lanes square[kRows];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) square[r] = Lanes{};
  for (std::int64_t p = 0; p < panels; ++p, offsets += kColumns) {
    Tile<double, kRows, kColumns> tile;
    tile.set_zero();
    tile.add_products([rows](int r, std::int64_t i) { return rows[r][i]; }, packed, terms);
    packed += terms * kColumns;
    terms = std::min(most, terms + kColumns);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      const auto squared = [&](int column) {
        const Lanes y = tile.part(r, column) - load<Lanes>(offsets + column);
        return y * y;
      };
      square[r] += squared(0) + (squared(4) + squared(8));
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) squares[r] = (square[r][0] + square[r][2]) + (square[r][1] + square[r][3]);
}

template <int... kCounts>
constexpr Kernels mixture_kernels(std::integer_sequence<int, kCounts...>) {
  constexpr auto kTallestTile = static_cast<std::int64_t>(sizeof...(kCounts));
  return {{kTallestTile, {product_tile<kCounts + 1>...}}, {kTallestTile, {triangle_tile<kCounts + 1>...}}, exact_tile};
}

inline constexpr Kernels kKernels = mixture_kernels(std::make_integer_sequence<int, kTallest<double, kColumns>>());
