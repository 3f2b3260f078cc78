#include "coterie/tiles/row_tiles.hpp"

#include <doctest/doctest.h>

#include "coterie/tiles/aligned_vector.hpp"

namespace coterie {

TEST_CASE("tiles take all rows once, in as few parts as there can be, of nearly the same height") {
  for (std::int64_t tallest = 1; tallest <= kMostTileRows; ++tallest) {
    RowTiles<std::int64_t> tiles{tallest, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
    for (std::int64_t count = 0; count <= 50; ++count) {
      CAPTURE(tallest);
      CAPTURE(count);
      std::int64_t next = 0, number = 0, lowest = tallest;
      tiles.for_each(count, [&](std::int64_t kernel, std::int64_t first, std::int64_t height) {
        CHECK(first == next);
        CHECK(kernel == height);
        CHECK(height <= tallest);
        next = first + height, ++number, lowest = std::min(lowest, height);
      });
      CHECK(next == count);
      CHECK(number <= (count + tallest - 1) / tallest);
      // The last one has what the others leave: at most a row less for each of them.
      if (number > 1) CHECK(lowest >= (count + number - 1) / number - (number - 1));
    }
  }
}

TEST_CASE("aligned vectors begin on cache lines, also when they are copied and grow") {
  std::vector<AlignedVector<float>> all;
  for (std::size_t i = 1; i < 40; ++i) all.emplace_back(i, 1.0F);
  auto copies = all;
  for (auto& values : copies) values.resize(values.size() + 100);
  for (const auto* vectors : {&all, &copies})
    for (const auto& values : *vectors) CHECK(reinterpret_cast<std::uintptr_t>(values.data()) % 64 == 0);
}

}  // namespace coterie
