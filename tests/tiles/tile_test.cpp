#include <doctest/doctest.h>

#include <vector>

#include "coterie/base/random.hpp"
#include "coterie/tiles/row_tiles.hpp"
#include "vector_widths.hpp"

namespace coterie {
namespace {

template <typename Element>
struct ShapeKernels {
  std::int64_t columns;
  RowTiles<void (*)(const Element*, std::int64_t, const Element*, std::int64_t, Element*, Element*)> sum;
  RowTiles<void (*)(const Element*, const Element*, std::int64_t, const Element*, Element*)> end;
};

struct TileKernels {
  std::array<ShapeKernels<float>, 4> floats;
  std::array<ShapeKernels<double>, 3> doubles;
};

}  // namespace
}  // namespace coterie

#define COTERIE_KERNELS "tile_kernels.hpp"
#include "coterie/tiles/each_width.hpp"

namespace coterie {
namespace {

template <typename Element>
std::vector<Element> noise(std::int64_t count, std::uint64_t seed) {
  const Random random(seed, Purpose::test_data);
  std::vector<Element> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<Element>(random.normal(static_cast<std::uint64_t>(i))));
  return values;
}

template <typename Element>
void check_shape(const ShapeKernels<Element>& shape, std::int64_t height, std::int64_t terms) {
  CAPTURE(shape.columns);
  CAPTURE(height);
  CAPTURE(terms);
  const std::int64_t columns = shape.columns;
  const auto left = noise<Element>(height * terms, 1), panel = noise<Element>(terms * columns, 2);
  const auto begun = noise<Element>(height * columns, 3);
  auto sums = begun, parts = begun, ends = begun;
  shape.sum.of_height[static_cast<std::size_t>(height - 1)](left.data(), terms, panel.data(), terms, sums.data(),
                                                            parts.data());
  shape.end.of_height[static_cast<std::size_t>(height - 1)](left.data(), panel.data(), terms, begun.data(),
                                                            ends.data());
  int wrong = 0;
  for (std::int64_t r = 0; r < height; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      const auto at = static_cast<std::size_t>(r * columns + c);
      const auto lane = [&](std::int64_t i) { return panel[static_cast<std::size_t>(i * columns + c)]; };
      const Element sum = fused_chain<Element>(
          0, terms, [&](std::int64_t i) { return left[static_cast<std::size_t>(r * terms + i)]; }, lane, begun[at]);
      const Element end =
          fused_chain<Element>(
              0, terms, [&](std::int64_t i) { return left[static_cast<std::size_t>(i * height + r)]; }, lane) +
          begun[static_cast<std::size_t>(c)];
      wrong += sums[at] != sum || parts[at] != 2 * sum || ends[at] != std::max(end, Element{0});
    }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("each sum of a tile is one chain of fused multiply-adds, with vectors of every width") {
  for (const VectorWidth width : vector_widths()) {
    CAPTURE(std::string(name_of(width)));
    const auto check = [&](const auto& shapes) {
      for (const auto& shape : shapes)
        for (std::int64_t height = 1; height <= shape.sum.tallest; ++height)
          for (const std::int64_t terms : {0, 1, 2, 37, 300}) check_shape(shape, height, terms);
    };
    check(kernels_of(width).floats);
    check(kernels_of(width).doubles);
  }
}

}  // namespace coterie
