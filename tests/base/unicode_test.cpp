#include "coterie/base/unicode.hpp"

#include <doctest/doctest.h>

namespace coterie {

TEST_CASE("what a person can read is printed as it is") {
  CHECK(printable("a b/ümlaut, 猫 😀 'quoted' \\ 100%.png") == "a b/ümlaut, 猫 😀 'quoted' \\ 100%.png");
  CHECK(printable("") == "");
}

TEST_CASE("nothing that a terminal would obey is printed") {
  CHECK(printable("\x1b]0;owned\x07.png") == "\\x1B]0;owned\\x07.png");
  CHECK(printable("a\nb\tc\rd\x7f") == "a\\nb\\tc\\x0Dd\\x7F");
  CHECK(printable("\xC2\x9B"
                  "31m") == "\\u{9B}31m");  // the one-byte form of ESC [
  CHECK(printable("\x9B"
                  "31m") == "\\x9B31m");
  CHECK(printable("gpj.\u202Eexe") == "gpj.\\u{202E}exe");
  CHECK(printable("latin-\xE9.png") == "latin-\\xE9.png");
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
}

TEST_CASE("no line of a message can pass for a message of its own") {
  CHECK(printable_lines("one\n2026-01-01 00:00:00  verify: all sound\n") ==
        "one\n  2026-01-01 00:00:00  verify: all sound\n  ");
  CHECK(printable_lines("one\x1b") == "one\\x1B");
}

}  // namespace coterie
