#include "coterie/evaluation/matching.hpp"

#include <doctest/doctest.h>

#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/evaluation/knee.hpp"
#include "test_labels.hpp"

namespace coterie {
namespace {

Contingency random_table(std::int64_t rows, std::int64_t columns, std::int64_t bound, std::uint64_t seed) {
  const Random random(seed, Purpose::test_data);
  Contingency table{rows, columns, {}};
  for (std::int64_t cell = 0; cell < rows * columns; ++cell)
    table.counts.push_back(random.below(static_cast<std::uint64_t>(cell), bound));
  return table;
}

/// The most rows in matched cells, over all orders of the columns of a square table padded with zeros.
std::int64_t best_by_trying(const Contingency& table) {
  const std::int64_t side = std::max(table.rows, table.columns);
  std::vector<std::int64_t> order(static_cast<std::size_t>(side));
  std::iota(order.begin(), order.end(), 0);
  std::int64_t best = 0;
  do {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < table.rows; ++i) {
      const std::int64_t j = order[static_cast<std::size_t>(i)];
      sum += j < table.columns ? table.at(i, j) : 0;
    }
    best = std::max(best, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

}  // namespace

TEST_CASE("the matching has the most rows in common that any has, each label once") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto rows = static_cast<std::int64_t>(1 + seed % 6), columns = static_cast<std::int64_t>(1 + seed / 6 % 6);
    const Contingency table = random_table(rows, columns, seed % 2 == 0 ? 3 : 1000, seed);
    const Matching found = best_matching(table);
    CHECK(found.matched == best_by_trying(table));
    std::vector<int> used(static_cast<std::size_t>(columns));
    std::int64_t sum = 0, partners = 0;
    for (std::int64_t i = 0; i < rows; ++i)
      if (const std::int64_t j = found.partner[static_cast<std::size_t>(i)]; j >= 0) {
        sum += table.at(i, j), ++partners;
        CHECK(++used[static_cast<std::size_t>(j)] == 1);
      }
    CHECK(sum == found.matched);
    CHECK(partners == std::min(rows, columns));
  }
}

TEST_CASE("renamed labels are matched with their own, thousands of them") {
  const std::int64_t k = 1000, rows = 20'000;
  TestLabels first(rows, k);
  std::vector<std::int32_t> second;
  for (const auto label : first.values) second.push_back(static_cast<std::int32_t>((label * 7 + 3) % k));
  for (std::size_t i = 0; i < second.size(); i += 10) second[i] = 0;  // and some rows go astray
  const Matching found = best_matching(contingency(first.values, second));
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < k; ++i) right += found.partner[static_cast<std::size_t>(i)] == (i * 7 + 3) % k;
  CHECK(right == k);
}

TEST_CASE("a table without labels has no matches, and one that does not fit its counts is refused") {
  CHECK(best_matching({0, 5, {}}).partner.empty());
  CHECK(best_matching({2, 0, {}}).partner == std::vector<std::int64_t>{-1, -1});
  CHECK(best_matching({2, 2, {0, 0, 0, 0}}).matched == 0);
  CHECK_THROWS_AS(best_matching({2, 2, {1}}), InvalidArgument);
}

TEST_CASE("the knee is the point farthest below the chord, whatever the units") {
  const std::vector<double> x{1, 2, 3, 4, 5}, y{100, 20, 10, 5, 0};
  CHECK(knee(x, y) == std::size_t{1});
  const std::vector<double> wide{1000, 2000, 3000, 4000, 5000}, high{1.001e9, 1.0002e9, 1.0001e9, 1.00005e9, 1e9};
  CHECK(knee(wide, high) == std::size_t{1});
  std::vector<double> k, inertia;  // 1 / k: the chord's slope is that of the curve at sqrt(k_first k_last)
  for (int i = 1; i <= 100; ++i) k.push_back(i), inertia.push_back(1.0 / i);
  CHECK(knee(k, inertia) == std::size_t{9});
  CHECK(knee(std::vector<double>{2, 5, 50}, std::vector<double>{9, 1, 0}) == std::size_t{1});
}

TEST_CASE("a line, a rise, a bulge and two points have no knee") {
  const std::vector<double> x{1, 2, 3, 4};
  CHECK_FALSE(knee(x, std::vector<double>{0.7, 0.6, 0.5, 0.4}));
  CHECK_FALSE(knee(x, std::vector<double>{1, 0, 2, 3}));
  CHECK_FALSE(knee(x, std::vector<double>{9, 8.5, 7, 0}));
  CHECK_FALSE(knee(x, std::vector<double>{5, 5, 5, 5}));
  CHECK_FALSE(knee(std::vector<double>{1, 2}, std::vector<double>{2, 1}));
  CHECK_FALSE(knee({}, {}));
}

TEST_CASE("curves that cannot be are refused") {
  CHECK_THROWS_AS(knee(std::vector<double>{1, 2, 2}, std::vector<double>{3, 2, 1}), InvalidArgument);
  CHECK_THROWS_AS(knee(std::vector<double>{1, 2}, std::vector<double>{3, 2, 1}), InvalidArgument);
  CHECK_THROWS_AS(knee(std::vector<double>{1, 2, 3}, std::vector<double>{3, NAN, 1}), InvalidArgument);
}

}  // namespace coterie
