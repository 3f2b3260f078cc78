#include "coterie/evaluation/agreement.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"
#include "test_labels.hpp"

namespace coterie {
namespace {

Agreement agreement_of(const std::vector<std::int32_t>& first, const std::vector<std::int32_t>& second) {
  return agreement(contingency(first, second));
}

std::vector<double> fields(const Agreement& a) {
  return {a.adjusted_rand, a.normalised_mutual_info, a.adjusted_mutual_info, a.homogeneity, a.completeness, a.v_measure,
          a.purity};
}

}  // namespace

TEST_CASE("agreement is that of scikit-learn") {
  const TestLabels first("labels"), second("other_labels");
  CHECK(distance(fields(agreement_of(first.values, second.values)), reference("agreement")) < 1e-12);
}

TEST_CASE("equal partitions agree wholly, whatever the clusters are called") {
  const std::vector<std::int32_t> a{0, 0, 1, 1, 2, 2, 2}, b{5, 5, 0, 0, 2, 2, 2};
  for (const double value : fields(agreement_of(a, b))) CHECK(value == doctest::Approx(1).epsilon(1e-14));
  for (const double value : fields(agreement_of({0}, {3}))) CHECK(value == 1);
}

TEST_CASE("one cluster says nothing about classes, and independent labels agree as chance has it") {
  const auto single = agreement_of({0, 0, 1, 1}, {0, 0, 0, 0});
  CHECK(single.adjusted_rand == 0);
  CHECK(single.normalised_mutual_info == 0);
  CHECK(single.homogeneity == 0);
  CHECK(single.completeness == 1);
  CHECK(single.v_measure == 0);
  CHECK(single.purity == 0.5);
  const auto chance = agreement_of(TestLabels(20'000, 5, 1).values, TestLabels(20'000, 8, 2).values);
  CHECK(std::abs(chance.adjusted_rand) < 2e-3);  // deviations of order 1/sqrt(N * cells)
  CHECK(std::abs(chance.adjusted_mutual_info) < 2e-3);
}

TEST_CASE("agreement does not depend on the order of the rows") {
  TestLabels a(500, 4, 1), b(500, 3, 2);
  const auto before = fields(agreement_of(a.values, b.values));
  std::reverse(a.values.begin(), a.values.end());
  std::reverse(b.values.begin(), b.values.end());
  CHECK(before == fields(agreement_of(a.values, b.values)));
}

TEST_CASE("a hundred million rows do not overflow") {
  const std::int64_t n = 25'000'000;  // the same proportions as a table of four
  const auto large = fields(agreement({2, 2, {2 * n, n, 0, n}}));
  const auto exact = fields(agreement({2, 2, {2000, 1000, 0, 1000}}));
  // Pairs without replacement, and the small table's chance terms, differ by the order of 1 / 4000.
  CHECK(distance(large, exact) < 1e-3);
  CHECK(large[6] == 0.75);
}

TEST_CASE("the adjusted Rand index needs no table") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const TestLabels a(300, 1 + static_cast<std::int64_t>(seed), seed), b(300, 7, seed + 100);
    const double index = adjusted_rand_index(a.values, b.values);
    CHECK(index == doctest::Approx(agreement_of(a.values, b.values).adjusted_rand).epsilon(1e-14));
    CHECK(adjusted_rand_index(a.values, a.values) == 1);
  }
  CHECK(adjusted_rand_index(std::vector<std::int32_t>{0}, std::vector<std::int32_t>{3}) == 1);
  CHECK_THROWS_AS(adjusted_rand_index({}, {}), InvalidArgument);
}

TEST_CASE("the adjusted mutual information of thousands of labels is that of single cells added up") {
  // Each two clusters by themselves, as its definition has it, in logarithms of factorials.
  const TestLabels a(2000, 300, 1), b(2000, 250, 2);
  const Contingency table = contingency(a.values, b.values);
  std::vector<double> rows(300), columns(250);
  for (const auto label : a.values) ++rows[static_cast<std::size_t>(label)];
  for (const auto label : b.values) ++columns[static_cast<std::size_t>(label)];
  double expected = 0, shared = 0, entropies = 0;
  const double n = 2000;
  const auto choose = [](double from, double of) {
    return std::lgamma(from + 1) - std::lgamma(of + 1) - std::lgamma(from - of + 1);
  };
  for (std::size_t i = 0; i < 300; ++i)
    for (std::size_t j = 0; j < 250; ++j) {
      for (double m = 1; m <= std::min(rows[i], columns[j]); ++m)
        expected += m / n * std::log(n * m / (rows[i] * columns[j])) *
                    std::exp(choose(rows[i], m) + choose(n - rows[i], columns[j] - m) - choose(n, columns[j]));
      const auto m = static_cast<double>(table.at(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)));
      if (m > 0) shared += m / n * std::log(n * m / (rows[i] * columns[j]));
    }
  for (const auto* sizes : {&rows, &columns})
    for (const double size : *sizes)
      if (size > 0) entropies -= size / n * std::log(size / n) / 2;
  CHECK(agreement(table).adjusted_mutual_info ==
        doctest::Approx((shared - expected) / (entropies - expected)).epsilon(1e-9));
}

TEST_CASE("labels that no row carries keep their place in a table that is asked to have them") {
  const std::vector<std::int32_t> first{0, 0, 1}, second{0, 1, 1};
  const Contingency table = contingency(first, second, 2, 4);
  CHECK(table.rows == 2);
  CHECK(table.columns == 4);
  CHECK(table.counts == std::vector<std::int64_t>{1, 1, 0, 0, 0, 1, 0, 0});
  CHECK(agreement(table).adjusted_rand == agreement(contingency(first, second)).adjusted_rand);
  CHECK(agreement(table).adjusted_mutual_info == agreement(contingency(first, second)).adjusted_mutual_info);
}

TEST_CASE("a row without a label in one of the two is left out") {
  const std::vector<std::int32_t> known{0, kNoLabel, 1, 1, 0, kNoLabel}, found{1, 0, 0, 0, 1, 1};
  CHECK(contingency(known, found).counts == std::vector<std::int64_t>{0, 2, 2, 0});
  CHECK(agreement(contingency(known, found)).adjusted_rand == 1);
  CHECK(adjusted_rand_index(known, found) == 1);
  CHECK(adjusted_rand_index(found, known) == 1);
  const std::vector<std::int32_t> none(6, kNoLabel);
  CHECK_THROWS_AS(adjusted_rand_index(none, found), InvalidArgument);
}

TEST_CASE("tables that cannot be are refused") {
  const std::vector<std::int32_t> two{0, 1}, three{0, 1, 2}, negative{0, -2};
  CHECK_THROWS_AS(contingency(two, three), InvalidArgument);
  CHECK_THROWS_WITH_AS(contingency(two, negative), "row 1 has the label -2: labels count from 0", InvalidArgument);
  CHECK_THROWS_AS(agreement({}), InvalidArgument);
}

}  // namespace coterie
