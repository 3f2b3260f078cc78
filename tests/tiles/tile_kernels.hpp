// For coterie/tiles/each_width.hpp, which includes this once for each width of vectors.

/// out, which holds what the sums begin with, becomes the sums; parts become twice the sums, by way of part().
template <typename Element, int kColumns, int kRows>
[[gnu::flatten]] void sum_kernel(const Element* rows, std::int64_t stride, const Element* panel, std::int64_t terms,
                                 Element* out, Element* parts) {
  Tile<Element, kRows, kColumns> tile;
  tile.set(out, kColumns);
  tile.add_products([=](int r, std::int64_t i) { return rows[r * stride + i]; }, panel, terms);
  tile.store_to(out, kColumns);
  constexpr int kPart = 32 / static_cast<int>(sizeof(Element));
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 16
    for (int c = 0; c < kColumns; c += kPart) {
      const auto part = tile.part(r, c);
      store(parts + r * kColumns + c, part + part);
    }
}

/// From zero, with what is in `added` on top, and the largest of that and zero.
template <typename Element, int kColumns, int kRows>
[[gnu::flatten]] void end_kernel(const Element* left, const Element* panel, std::int64_t terms, const Element* added,
                                 Element* out) {
  Tile<Element, kRows, kColumns> tile;
  tile.set_zero();
  tile.add_products([left](int r, std::int64_t i) { return left[i * kRows + r]; }, panel, terms);
  tile.add(added, 0);
  tile.each([](auto& sums, int, int) {
    const auto zero = broadcast<std::remove_reference_t<decltype(sums)>>(Element{0});
    sums = sums < zero ? zero : sums;
  });
  tile.store_to(out, kColumns);
}

template <typename Element, int kColumns, int... kCounts>
constexpr ShapeKernels<Element> shape(std::integer_sequence<int, kCounts...>) {
  return {kColumns,
          {sizeof...(kCounts), {sum_kernel<Element, kColumns, kCounts + 1>...}},
          {sizeof...(kCounts), {end_kernel<Element, kColumns, kCounts + 1>...}}};
}

template <typename Element, int kColumns>
constexpr ShapeKernels<Element> shape() {
  return shape<Element, kColumns>(std::make_integer_sequence<int, kTallest<Element, kColumns>>());
}

constexpr TileKernels kKernels = {{shape<float, 8>(), shape<float, 16>(), shape<float, 24>(), shape<float, 32>()},
                                  {shape<double, 4>(), shape<double, 8>(), shape<double, 12>()}};
