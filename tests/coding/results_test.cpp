#include "coterie/coding/results.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace coterie {

TEST_CASE("consistency counts an item by the mean of its coders, and gold not at all") {
  // Cluster 0: four images, cluster 1: two; one gold item. Two coders, of which the second left one open.
  std::vector<CodingItem> items;
  for (std::int64_t row = 0; row < 6; ++row) items.push_back({row < 4 ? 0 : 1, ItemKind::random, {row}, -1, {}});
  items.push_back({0, ItemKind::gold, {9}, 1, {}});
  const std::vector<std::vector<std::int32_t>> said = {{0, 0, 0, 1, 0, 2, 1}, {0, 0, 1, 1, 0, -1, 0}};
  std::vector<GivenAnswer> answers;
  for (std::int64_t coder = 0; coder < 2; ++coder)
    for (std::int64_t item = 0; item < 7; ++item)
      answers.push_back({coder, item, said[static_cast<std::size_t>(coder)][static_cast<std::size_t>(item)]});
  const auto found = coding_results(CodingTask::fit, items, {300, 100}, 2, answers, {.replicates = 100});
  REQUIRE(found.shares.size() == 2);
  CHECK(found.shares[0].items == 4);
  CHECK(found.shares[0].hits == 2.5);
  CHECK(found.shares[1].hits == 1);  // "cannot tell" is no hit
  CHECK(found.mean == doctest::Approx((0.625 + 0.5) / 2));
  CHECK(found.weighted->share == doctest::Approx(0.75 * 0.625 + 0.25 * 0.5));
  CHECK(found.gold[0].right == 1);
  CHECK(found.gold[1].missed == 1);
  CHECK(found.disagreed == std::vector<std::int64_t>{2});
  REQUIRE(found.pairs.size() == 1);
  CHECK(found.pairs[0].kappa.units == 5);
  CHECK(found.pairs[0].kappa.agreement == doctest::Approx(0.8));
  CHECK(found.pairs[0].confusion == std::vector<std::int64_t>{3, 1, 0, 0, 1, 0, 0, 0, 0});
  CHECK(found.group.agreement == doctest::Approx(0.8));
}

TEST_CASE("a decision stands for what coders said of an item, and leaves their agreement as it is") {
  const std::vector<CodingItem> items = {{0, ItemKind::random, {0}, -1, {}}, {0, ItemKind::random, {1}, -1, {}}};
  const std::vector<GivenAnswer> answers = {{0, 0, 0}, {1, 0, 1}, {0, 1, 0}, {1, 1, 0}};
  const auto said = coding_results(CodingTask::fit, items, {9}, 2, answers, {.replicates = 0});
  const auto decided =
      coding_results(CodingTask::fit, items, {9}, 2, answers, {.decisions = {{2, 0, 1}}, .replicates = 0});
  CHECK(said.shares.at(0).hits == 1.5);
  CHECK(decided.shares.at(0).hits == 1);
  CHECK(decided.group.agreement == said.group.agreement);
  CHECK(decided.disagreed == std::vector<std::int64_t>{0});
}

TEST_CASE("an intruder is found by who names its place, beyond chance or not") {
  std::vector<CodingItem> items;
  std::vector<GivenAnswer> answers;
  for (std::int64_t i = 0; i < 10; ++i) {
    items.push_back({0, ItemKind::random, {0, 1, 2, 3, 4}, static_cast<std::int32_t>(i % 5), {}});
    answers.push_back({0, i, i < 8 ? static_cast<std::int32_t>(i % 5) : static_cast<std::int32_t>((i + 1) % 5)});
  }
  const auto found = coding_results(CodingTask::intrusion, items, {50}, 1, answers);
  CHECK(found.shares.at(0).hits == 8);
  CHECK(found.shares[0].chance == doctest::Approx(0.2));
  CHECK(found.shares[0].p_value == doctest::Approx(binomial_tail(8, 10, 0.2)));
  CHECK_FALSE(found.weighted.has_value());
}

TEST_CASE("pairs give a quality that is weighted to all pairs") {
  std::vector<CodingItem> items;
  std::vector<GivenAnswer> answers;
  const auto add = [&](std::int32_t cluster, ItemKind kind, std::int32_t rating) {
    answers.push_back({0, std::ssize(items), rating - 1});
    items.push_back({cluster, kind, {0, 1}, -1, {}});
  };
  for (const int rating : {3, 3, 2, 2}) add(0, ItemKind::random, rating);
  for (const int rating : {1, 1}) add(1, ItemKind::random, rating);
  for (const int rating : {1, 2}) add(0, ItemKind::between, rating);
  for (const int rating : {1, 1}) add(1, ItemKind::between, rating);
  const auto found = coding_results(CodingTask::pairs, items, {4, 3}, 1, answers);
  // 6 pairs within the first cluster, 3 within the second; 12 between, half of which are each one's.
  CHECK(found.quality->within == doctest::Approx((6 * 2.5 + 3 * 1) / 9));
  CHECK(found.quality->between == doctest::Approx(1.25));
  CHECK(found.quality->quality == doctest::Approx(found.quality->within - 1.25));
  CHECK(found.quality->error > 0);
}

TEST_CASE("names are compared by what was named, not by their place") {
  const std::vector<CodingItem> items = {{0, ItemKind::random, {0}, 1, {2, 0, 1}},
                                         {1, ItemKind::random, {1}, 0, {1, 0, 2}}};
  const auto found =
      coding_results(CodingTask::labels, items, {5, 5, 5}, 2, {{0, 0, 1}, {1, 0, 1}, {0, 1, 0}, {1, 1, 2}}, {});
  CHECK(found.codes.values == std::vector<std::int32_t>{0, 0, 1, 2});
  CHECK(found.shares.at(0).hits == 1);
  CHECK(found.shares.at(1).hits == 0.5);
  CHECK(found.shares[0].chance == doctest::Approx(1.0 / 3));
}

}  // namespace coterie
