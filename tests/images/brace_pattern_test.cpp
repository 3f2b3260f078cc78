#include "listing/brace_pattern.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"

namespace coterie {

TEST_CASE("braces count and list as the shell and WebDataset have it") {
  using Strings = std::vector<std::string>;
  CHECK(expand_braces("a.tar") == Strings{"a.tar"});
  CHECK(expand_braces("{000..002}.tar") == Strings{"000.tar", "001.tar", "002.tar"});
  CHECK(expand_braces("{8..11}") == Strings{"8", "9", "10", "11"});
  CHECK(expand_braces("{08..10}") == Strings{"08", "09", "10"});
  CHECK(expand_braces("{3..1}") == Strings{"3", "2", "1"});
  CHECK(expand_braces("{1..10..4}") == Strings{"1", "5", "9"});
  CHECK(expand_braces("{-1..1}") == Strings{"-1", "0", "1"});
  CHECK(expand_braces("{train,val}-{0..1}.tar") == Strings{"train-0.tar", "train-1.tar", "val-0.tar", "val-1.tar"});
  CHECK(expand_braces("{a,b{1..2}}x") == Strings{"ax", "b1x", "b2x"});
  CHECK(expand_braces("{,a}b") == Strings{"b", "ab"});
  CHECK(expand_braces("{alone}{0..1}") == Strings{"{alone}0", "{alone}1"});
  CHECK(expand_braces("open{0..1") == Strings{"open{0..1"});
  CHECK(expand_braces("{0..1..0}") == Strings{"{0..1..0}"});
  CHECK(expand_braces("{0..}") == Strings{"{0..}"});
  CHECK_THROWS_AS(expand_braces("{0..1000000000}"), InvalidArgument);
  CHECK_THROWS_AS(expand_braces("{0..9999}{0..9999}"), InvalidArgument);
}

}  // namespace coterie
