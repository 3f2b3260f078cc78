#include "coterie/evaluation/recommendation.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace coterie {
namespace {

const std::vector<std::int64_t> kKs{2, 3, 4, 5, 6};

bool says(const Recommendation& found, const std::string& words) {
  return found.reason.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("the k that most measures name is recommended, with their names and its stability") {
  const std::vector<Measure> measures{{"silhouette", Best::highest, {0.1, 0.2, 0.6, 0.3, 0.2}, {}, {}, 0, ""},
                                      {"davies_bouldin", Best::lowest, {2, 1.5, 0.5, 1, 1.1}, {}, {}, 0, ""},
                                      {"elbow", Best::named, {9, 5, 3, 2.8, 2.6}, 1, {}, 0, ""},
                                      {"aic", Best::none, {1, 2, 3, 4, 9}, {}, {}, 0, ""}};
  const auto found = recommend(kKs, measures, std::vector<double>{0.9, 0.9, 0.85, 0.3, 0.2});
  CHECK(found.k == 4);
  CHECK(says(found, "2 of 3 measures"));
  CHECK(says(found, "silhouette, davies_bouldin"));
  CHECK(says(found, "mean ARI 0.85"));
  REQUIRE(found.votes.size() == 3);
  CHECK(found.votes[2].k == 3);
}

TEST_CASE("a tie goes to the more stable k, and without stability to the smaller") {
  const std::vector<Measure> measures{{"a", Best::highest, {0, 1, 0, 0, 0}, {}, {}, 0, ""},
                                      {"b", Best::highest, {0, 0, 0, 1, 0}, {}, {}, 0, ""}};
  CHECK(recommend(kKs, measures, std::vector<double>{1, 0.4, 1, 0.6, 1}).k == 5);
  CHECK(recommend(kKs, measures, {}).k == 3);
  CHECK(says(recommend(kKs, measures, std::vector<double>{1, 0.2, 1, 0.4, 1}), "doubt this k"));
}

TEST_CASE("a best value at an end of the list has no vote, but k = 2 may be the best") {
  const Measure rising{"rising", Best::highest, {1, 2, 3, 4, 5}, {}, {}, 0, ""};
  const Measure falling{"falling", Best::highest, {5, 4, 3, 2, 1}, {}, {}, 0, ""};
  auto found = recommend(kKs, std::vector{rising}, {});
  CHECK(found.k == 0);
  CHECK(says(found, "wider list"));
  REQUIRE(found.votes.size() == 1);
  CHECK_FALSE(found.votes[0].counts);
  CHECK(recommend(kKs, std::vector{rising, falling}, {}).k == 2);
  CHECK(recommend(std::vector<std::int64_t>{3, 4, 5, 6, 7}, std::vector{falling}, {}).k == 0);
}

TEST_CASE("values that are not there have no say, and two k are no choice") {
  const Measure holes{"holes", Best::highest, {NAN, NAN, 0.2, 0.3, NAN}, {}, {}, 0, ""};
  CHECK(recommend(kKs, std::vector{holes}, {}).k == 5);
  CHECK(recommend(std::vector<std::int64_t>{2, 3}, std::vector<Measure>{}, {}).k == 0);
}

}  // namespace coterie
