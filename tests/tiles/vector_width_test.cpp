#include "vector_widths.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace coterie {

TEST_CASE("every processor can run narrow vectors, and the width in use is one that it can run") {
  const auto widths = vector_widths();
  CHECK(widths.front() == VectorWidth::narrow);
  CHECK(std::is_sorted(widths.begin(), widths.end()));
  CHECK(std::count(widths.begin(), widths.end(), vector_width()) == 1);
  if (const char* const wanted = std::getenv("COTERIE_VECTORS"))
    CHECK(name_of(vector_width()) == wanted);
  else
    CHECK(vector_width() == widths.back());
}

TEST_CASE("tests can go through all widths and are back at the one in use") {
  const VectorWidth before = vector_width();
  std::vector<VectorWidth> seen;
  with_each_vector_width([&] { seen.push_back(vector_width()); });
  CHECK(std::equal(seen.begin(), seen.end(), vector_widths().begin(), vector_widths().end()));
  CHECK(vector_width() == before);
}

}  // namespace coterie
