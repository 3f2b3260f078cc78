#include "coterie/images/natural_order.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace coterie {

TEST_CASE("digits count as numbers, however long") {
  CHECK(natural_less("img2.png", "img10.png"));
  CHECK(natural_less("a/9/x", "a/10/x"));
  CHECK(natural_less("99999999999999999999998", "99999999999999999999999"));
  CHECK(natural_less("9", "10000000000000000000000"));
  CHECK(natural_less("1", "a"));
  CHECK(natural_less("", "1"));
  CHECK(natural_less("a1", "a-"));
}

TEST_CASE("texts that differ only by leading zeros have an order too, and no text comes before itself") {
  CHECK(natural_less("a01", "a1"));
  CHECK_FALSE(natural_less("a1", "a01"));
  CHECK_FALSE(natural_less("a01b", "a01b"));
}

TEST_CASE("the order is natsort's") {
  std::ifstream file(COTERIE_SOURCE_DIR "/tests/data/images/natural_order.txt", std::ios::binary);
  std::vector<std::string> reference;
  for (std::string line; std::getline(file, line);) reference.push_back(line);
  REQUIRE(reference.size() > 200);
  for (std::size_t i = 0; i < reference.size(); ++i)
    for (std::size_t j = 0; j < reference.size(); ++j) CHECK(natural_less(reference[i], reference[j]) == (i < j));
}

}  // namespace coterie
