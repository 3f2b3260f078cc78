#include "coterie/base/legacy_shuffle.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "coterie/base/errors.hpp"

namespace coterie {

TEST_CASE("a permutation is that of numpy.random.RandomState") {
  CHECK(legacy_permutation(10, 42) == std::vector<std::int64_t>{8, 1, 5, 0, 7, 2, 9, 4, 3, 6});
  auto thousand = legacy_permutation(1000, 42);
  const std::vector<std::int64_t> first = {521, 737, 740, 660, 411, 678, 626, 513, 859, 136};
  CHECK(std::equal(first.begin(), first.end(), thousand.begin()));
  std::sort(thousand.begin(), thousand.end());
  CHECK(thousand.back() == 999);
  CHECK(std::adjacent_find(thousand.begin(), thousand.end()) == thousand.end());
  CHECK(legacy_permutation(0, 42).empty());
  CHECK(legacy_permutation(1, 42) == std::vector<std::int64_t>{0});
  CHECK_THROWS_AS(legacy_permutation(-1, 42), InvalidArgument);
}

}  // namespace coterie
