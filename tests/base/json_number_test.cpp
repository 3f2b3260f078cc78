#include "coterie/base/json_number.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace coterie;

TEST_CASE("a whole number of JSON is taken where it fits, and nothing else is") {
  const auto number = [](const std::string& text) { return whole_number(nlohmann::json::parse(text)); };
  CHECK(number("0") == 0);
  CHECK(number("-7") == -7);
  CHECK(number("9223372036854775807") == std::numeric_limits<std::int64_t>::max());
  CHECK(number("-9223372036854775808") == std::numeric_limits<std::int64_t>::min());
  for (const auto* text : {"9223372036854775808", "18446744073709551616", "-9223372036854775809", "8.88e178", "1.0",
                           "1e2", "true", "null", "\"1\"", "[1]"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(number(text), nlohmann::json::exception);
  }
}
