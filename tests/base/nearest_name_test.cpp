#include "coterie/base/nearest_name.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace coterie {

TEST_CASE("a slip of the finger finds the name that was meant") {
  const std::vector<std::string> names = {"backbone", "batch", "components", "threads"};
  CHECK(nearest_name("backbon", names) == "backbone");
  CHECK(nearest_name("component", names) == "components");
  CHECK(nearest_name("xylophone", names).empty());
  CHECK(did_you_mean("thread", names) == "; did you mean \"threads\"?");
  CHECK(did_you_mean("xylophone", names).empty());
}

}  // namespace coterie
