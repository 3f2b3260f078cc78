#include "coterie/base/text_encoding.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"

namespace coterie {

using namespace std::string_literals;

TEST_CASE("marks are taken off, and UTF-16 is read with and without one") {
  CHECK(unmarked_text("\xEF\xBB\xBF"
                      "a,b\n",
                      "t") == "a,b\n");
  CHECK(unmarked_text("\xFF\xFE"
                      "a\0\xFC\0\n\0"s,
                      "t") == "a\xC3\xBC\n");
  CHECK(unmarked_text("\xFE\xFF\0a\0\xFC\0\n"s, "t") == "a\xC3\xBC\n");
  CHECK(unmarked_text("a\0b\0"s, "t") == "ab");
  CHECK(unmarked_text("\xFF\xFE=\xD8\0\xDE\n\0"s, "t") == "\xF0\x9F\x98\x80\n");  // beyond 16 bits
}

TEST_CASE("bytes that only look like marks stay, and damaged UTF-16 is refused") {
  CHECK(unmarked_text("\xFF\xFE.jpg\n", "t") == "\xFF\xFE.jpg\n");
  CHECK(unmarked_text("a\0b"s, "t") == "a\0b"s);
  CHECK(unmarked_text("", "t").empty());
  CHECK_THROWS_WITH_AS(unmarked_text("\xFF\xFE"
                                     "a\0b"s,
                                     "t"),
                       doctest::Contains("t: is UTF-16 that is damaged"), FileError);
  CHECK_THROWS_AS(unmarked_text("\xFF\xFE\0\xDCx\0"s, "t"), FileError);  // half of a character
  CHECK_THROWS_WITH_AS(unmarked_text("\xFF\xFE\0\0a\0\0\0"s, "t"), doctest::Contains("UTF-32"), FileError);
}

TEST_CASE("Windows-1252 is Latin-1, with signs where that has control characters") {
  CHECK(from_windows_1252("M\xFCller \x80 \x93x\x94") == "M\xC3\xBCller \xE2\x82\xAC \xE2\x80\x9Cx\xE2\x80\x9D");
  CHECK(is_utf8("M\xC3\xBCller"));
  CHECK_FALSE(is_utf8("M\xFCller"));
}

TEST_CASE("lines end with LF or CRLF, and a last one without an end counts") {
  CHECK(lines_of("a\r\n\nb") == std::vector<std::string>{"a", "", "b"});
  CHECK(lines_of("a\n") == std::vector<std::string>{"a"});
  CHECK(lines_of("").empty());
}

}  // namespace coterie
