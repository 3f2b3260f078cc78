#include "coterie/store/recipe.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"

namespace coterie {

TEST_CASE("a recipe comes back from its text with the same identity") {
  Recipe recipe("reduce", 2);
  recipe.set("components", "32");
  recipe.parent("features/x", "abc");
  recipe.input("weights", "def");
  const Recipe back = Recipe::parse(recipe.text());
  CHECK(back.digest() == recipe.digest());
  CHECK(back.stage() == "reduce");
  CHECK(back.parameter("components") == "32");
  CHECK(back.parameter("variance", "none") == "none");
  CHECK(back.parents() == recipe.parents());
  CHECK(back.inputs() == recipe.inputs());
}

TEST_CASE("another generation of a parent makes another recipe, and the difference is reported briefly") {
  const std::string first(64, 'a'), second(64, 'b');
  Recipe then("cluster", 1), now("cluster", 1);
  then.parent("reductions/x", first);
  now.parent("reductions/x", second);
  now.input("weights", "sha256 " + second);
  then.input("listing", first);
  now.input("listing", second);
  now.input("values of kind", second);
  CHECK(then.digest() != now.digest());
  CHECK(now.differences_from(then) == std::vector<std::string>{"made from reductions/x: another one now",
                                                               "listing: other content now",
                                                               "values of kind: not read then, read now",
                                                               "weights: nothing then, sha256 bbbbbbbbbbbb… now"});
}

TEST_CASE("recipes of versions that kept parents among the inputs are read") {
  const Recipe recipe = Recipe::parse(R"({"stage": "reduce", "revision": 2, "parameters": {}, "software": {},
    "inputs": {"features resnet50": "abc", "reduction x-pca": "def", "clustering c": "ghi", "images": "jkl", "listing": "mno"}})");
  CHECK(recipe.parents() ==
        std::map<std::string, std::string>{
            {"features/resnet50", "abc"}, {"reductions/x-pca", "def"}, {"clusterings/c", "ghi"}, {"images", "jkl"}});
  CHECK(recipe.inputs() == std::map<std::string, std::string>{{"listing", "mno"}});
}

TEST_CASE("parameters, inputs and revision make the identity; software versions do not") {
  Recipe a("reduce", 1), b("reduce", 1);
  a.record("LibTorch", "1.13");
  b.record("LibTorch", "2.0");
  CHECK(a.digest() == b.digest());
  b.set("components", "64");
  CHECK(a.digest() != b.digest());
  CHECK(b.differences_from(a) == std::vector<std::string>{"components: nothing then, 64 now"});
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
