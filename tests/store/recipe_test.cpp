#include "coterie/store/recipe.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"

namespace coterie {

TEST_CASE("a recipe comes back from its text with the same identity") {
  Recipe recipe("reduce", 2);
  recipe.set("components", "32");
  recipe.input("features", "abc");
  const Recipe back = Recipe::parse(recipe.text());
  CHECK(back.digest() == recipe.digest());
  CHECK(back.stage() == "reduce");
  CHECK(back.parameters().at("components") == "32");
}

TEST_CASE("parameters, inputs and revision make the identity; software versions do not") {
  Recipe a("reduce", 1), b("reduce", 1);
  a.record("LibTorch", "1.13");
  b.record("LibTorch", "2.0");
  CHECK(a.digest() == b.digest());
  b.set("components", "64");
  CHECK(a.digest() != b.digest());
  CHECK(b.differences_from(a) == std::vector<std::string>{"components: nothing there, 64 now"});
  CHECK(Recipe("reduce", 2).digest() != a.digest());
}

TEST_CASE("what is no recipe is refused") {
  CHECK_THROWS_AS(Recipe::parse("{"), Error);
  CHECK_THROWS_AS(Recipe::parse("{\"stage\": 3}"), Error);
}

TEST_CASE("parameters of any bytes can be kept") {
  Recipe recipe("scan", 1);
  recipe.set("source", "caf\xe9");  // Latin-1, no UTF-8
  CHECK_NOTHROW(Recipe::parse(recipe.text()));
}

}  // namespace coterie
