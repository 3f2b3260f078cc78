#include "coterie/base/number.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <string>

#include "coterie/base/float16.hpp"

namespace coterie {
namespace {

float number(const std::string& text) {
  float value = -999;
  CHECK_MESSAGE(parse_number(text, value), text);
  return value;
}

}  // namespace

TEST_CASE("numbers as people's tables write them") {
  CHECK(number("6.1") == 6.1F);
  CHECK(number("+6.1") == 6.1F);
  CHECK(number(" -6.1 ") == -6.1F);
  CHECK(number("1E+05") == 1e5F);
  CHECK(number(".5") == 0.5F);
  CHECK(number("5.") == 5);
  CHECK(number("1e-50") == 0);
  CHECK(number("-1e-400") == 0);
  CHECK(number("1e39") == INFINITY);
  CHECK(std::isnan(number("nan")));
  for (const char* other : {"", " ", "+-1", "++1", "1,5", "1 2", "NA", "0x10", "1e", "12a", "-"})
    CHECK_FALSE(is_number(other));
}

TEST_CASE("all of a text is one number of a type, or none") {
  CHECK(parse_as<std::int64_t>("-17") == -17);
  CHECK(parse_as<std::int64_t>("9223372036854775807") == INT64_MAX);
  CHECK(parse_as<std::uint64_t>("0017") == 17);
  CHECK(parse_as<double>(".95") == 0.95);
  CHECK(parse_as<double>("1e-3") == 1e-3);
  CHECK(std::isinf(parse_as<double>("-inf").value()));
  for (const char* other : {"", " 1", "1 ", "+1", "1.", "1e3", "0x1", "9223372036854775808", "1\n", "--1"})
    CHECK_MESSAGE(!parse_as<std::int64_t>(other), other);
  CHECK_FALSE(parse_as<std::uint64_t>("-1"));
  for (const char* other : {"", " 1", "1 ", "+1", "1e", "1e999", "0,5", "0x1p3"})
    CHECK_MESSAGE(!parse_as<double>(other), other);
  CHECK_FALSE(parse_as<std::int64_t>(std::string_view()));
}

TEST_CASE("a range takes its ends and no NaN") {
  CHECK(parse_as<std::int64_t>("1", 1, 3) == 1);
  CHECK(parse_as<std::int64_t>("3", 1, 3) == 3);
  CHECK_FALSE(parse_as<std::int64_t>("0", 1, 3));
  CHECK_FALSE(parse_as<std::int64_t>("4", 1, 3));
  CHECK_FALSE(parse_as<double>("nan", 0.0, 1.0));
  CHECK_FALSE(parse_as<double>("inf", 0.0, 1.0));
}

TEST_CASE("a comma may be the point, once") {
  float value = 0;
  CHECK(parse_comma_number("-0,5", value));
  CHECK(value == -0.5F);
  for (const char* other : {"1.234,5", "1,2,3", "5", "a,5"}) CHECK_FALSE(parse_comma_number(other, value));
}

TEST_CASE("float16 is read as NumPy writes it") {
  CHECK(from_float16(0x3C00) == 1);
  CHECK(from_float16(0xC100) == -2.5F);
  CHECK(from_float16(0x0001) == std::ldexp(1.0F, -24));
  CHECK(from_float16(0x7BFF) == 65504);
  CHECK(std::isinf(from_float16(0x7C00)));
}

}  // namespace coterie
