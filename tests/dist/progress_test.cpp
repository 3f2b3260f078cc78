#include "coterie/dist/progress.hpp"

#include <doctest/doctest.h>

namespace coterie {

TEST_CASE("durations read as people say them") {
  CHECK(duration_text(3.7) == "4 s");
  CHECK(duration_text(200) == "3 min 20 s");
  CHECK(duration_text(7500) == "2 h 05 min");
  CHECK(duration_text(1e6) == "11 d 13 h");
  CHECK(duration_text(1e9) == "31 years");
}

}  // namespace coterie
