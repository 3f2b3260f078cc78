#include "coterie/viewer/map_order.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

namespace coterie {
namespace {

TEST_CASE("neighbours on the Hilbert curve are neighbours in the plane, and no place is taken twice") {
  // The first 64 x 64 cells are one stretch of the curve.
  std::vector<std::pair<int, int>> cells(64 * 64, {-1, -1});
  for (int x = 0; x < 64; ++x)
    for (int y = 0; y < 64; ++y) {
      const auto place = hilbert_place(static_cast<std::uint16_t>(x), static_cast<std::uint16_t>(y));
      REQUIRE(place < cells.size());
      CHECK(cells[place].first == -1);
      cells[place] = {x, y};
    }
  for (std::size_t i = 1; i < cells.size(); ++i)
    CHECK(std::abs(cells[i].first - cells[i - 1].first) + std::abs(cells[i].second - cells[i - 1].second) == 1);
}

}  // namespace
}  // namespace coterie
