#include "coterie/evaluation/over_representation.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"

namespace coterie {

TEST_CASE("the tail of the hypergeometric distribution is scipy's") {
  // hypergeom.sf(count - 1, rows, class_size, drawn) of scipy 1.14
  CHECK(hypergeometric_tail(107, 146, 110, 796) == doctest::Approx(7.30550116872588e-95).epsilon(1e-9));
  CHECK(hypergeometric_tail(5, 10, 20, 100) == doctest::Approx(0.025464546427043124).epsilon(1e-9));
  CHECK(hypergeometric_tail(3, 3, 3, 10) == doctest::Approx(1.0 / 120).epsilon(1e-12));
  CHECK(hypergeometric_tail(50, 200, 100, 1000) == doctest::Approx(8.659692344502372e-13).epsilon(1e-9));
  CHECK(hypergeometric_tail(1, 5, 5, 20) == doctest::Approx(0.8063080495356038).epsilon(1e-9));
  CHECK(hypergeometric_tail(30000, 100000, 200000, 1000000) == 0);
  CHECK(hypergeometric_tail(0, 5, 5, 20) == 1);
  CHECK(hypergeometric_tail(6, 5, 5, 20) == 0);
  CHECK_THROWS_AS(hypergeometric_tail(1, 21, 5, 20), InvalidArgument);
}

TEST_CASE("what a cluster holds more of than chance explains is found, with corrected p-values") {
  const Contingency table{4, 3, {12, 1, 2, 3, 14, 3, 2, 2, 30, 1, 1, 1}};
  const std::vector<Contingency> tables{table};
  CHECK(compared_pairs(tables) == 9);  // the class of 3 rows is not compared
  const auto found = over_represented(tables);
  REQUIRE(found.size() == 3);
  for (std::int64_t c = 0; c < 3; ++c) {
    CHECK(found[static_cast<std::size_t>(c)].cluster == c);
    CHECK(found[static_cast<std::size_t>(c)].class_number == c);
  }
  CHECK(found[0].p_value == doctest::Approx(2.864863613483449e-06).epsilon(1e-9));  // Holm: the third of nine
  CHECK(found[1].p_value == doctest::Approx(2.0935315406671126e-06).epsilon(1e-9));
  CHECK(found[2].p_value == doctest::Approx(2.6658497537629e-09).epsilon(1e-9));
  CHECK(found[0].lift == doctest::Approx(3.2));
  CHECK(found[0].count == 12);
  CHECK(found[0].class_size == 15);
  CHECK(found[0].cluster_size == 18);
  CHECK(found[0].rows == 72);
}

TEST_CASE("neither small counts nor differences that chance explains are named") {
  CHECK(over_represented(std::vector{Contingency{2, 2, {4, 0, 38, 2}}}).empty());   // 4 rows of a class
  CHECK(over_represented(std::vector{Contingency{2, 2, {11, 9, 9, 11}}}).empty());  // p about 0.4
  CHECK(over_represented(std::vector{Contingency{1, 2, {30, 30}}}).empty());        // everything is of one class
  CHECK(over_represented(std::vector{Contingency{2, 2, {30, 0, 0, 0}}}).empty());   // or of one cluster
  CHECK(over_represented(std::vector<Contingency>{}).empty());
  // Two p-values of 0.025 are named alone, and no more beside twenty other columns.
  const Contingency weak{2, 2, {5, 5, 15, 75}}, even{2, 2, {20, 20, 20, 20}};
  CHECK(over_represented(std::vector{weak}, {.least_rows = 5, .level = 0.2}).size() == 2);
  std::vector<Contingency> many(20, even);
  many.push_back(weak);
  CHECK(over_represented(many, {.least_rows = 5, .level = 0.2}).empty());
  CHECK_THROWS_AS(over_represented(many, {.least_rows = 0}), InvalidArgument);
}

}  // namespace coterie
