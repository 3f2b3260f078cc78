#include "coterie/coding/proportions.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "coterie/base/errors.hpp"

namespace coterie {

TEST_CASE("two shares are compared as R's prop.test does") {
  const auto found = proportion_test(15, 25, 5, 25);
  CHECK(found.chi_squared == doctest::Approx(6.75));
  CHECK(found.p_value == doctest::Approx(0.00937477).epsilon(1e-6));
  CHECK(found.interval.low == doctest::Approx(0.1121).epsilon(1e-3));
  CHECK(found.interval.high == doctest::Approx(0.6879).epsilon(1e-4));
  CHECK(found.least_expected == 10);
  const auto published = proportion_test(0.92 * 180, 180, 0.83 * 240, 240);  // hits need not be whole
  CHECK(published.chi_squared == doctest::Approx(6.53123).epsilon(1e-6));
  CHECK(published.p_value == doctest::Approx(0.0105997).epsilon(1e-5));
  CHECK(published.interval.low == doctest::Approx(0.0233).epsilon(1e-2));
  CHECK(published.interval.high == doctest::Approx(0.1567).epsilon(1e-3));
}

TEST_CASE("equal shares have p = 1, and no test where nothing varies") {
  CHECK(proportion_test(5, 10, 10, 20).p_value == doctest::Approx(1));
  CHECK(std::isnan(proportion_test(20, 20, 20, 20).p_value));
  CHECK(std::isnan(proportion_test(0, 20, 0, 20).chi_squared));
  CHECK_THROWS_AS(proportion_test(21, 20, 1, 20), InvalidArgument);
}

TEST_CASE("Wilson's interval is within [0, 1] and right at its ends") {
  const auto nearly = wilson_interval(19, 20), all = wilson_interval(20, 20), none = wilson_interval(0, 20);
  CHECK(nearly.low == doctest::Approx(0.764).epsilon(1e-3));
  CHECK(nearly.high == doctest::Approx(0.991).epsilon(1e-3));
  CHECK(all.low == doctest::Approx(0.839).epsilon(1e-3));
  CHECK(all.high == 1);
  CHECK(none.low == 0);
  CHECK(none.high == doctest::Approx(1 - all.low));
  CHECK(std::isnan(wilson_interval(0, 0).low));
}

TEST_CASE("Fisher's exact test is R's") {
  CHECK(fisher_exact(3, 4, 1, 4) == doctest::Approx(0.4857142857));  // the lady tasting tea
  CHECK(fisher_exact(20, 20, 14, 20) == doctest::Approx(0.02019603));
  CHECK(fisher_exact(1, 10, 8, 10) == doctest::Approx(0.005477).epsilon(1e-3));
  CHECK(fisher_exact(0, 5, 0, 7) == 1);
}

TEST_CASE("hits beyond chance are a tail of the binomial distribution") {
  CHECK(binomial_tail(0, 10, 0.2) == 1);
  CHECK(binomial_tail(10, 10, 0.2) == doctest::Approx(std::pow(0.2, 10)));
  CHECK(binomial_tail(1, 2, 0.5) == doctest::Approx(0.75));
}

TEST_CASE("Holm's correction is monotone and leaves out what was not tested") {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005, std::nan("")};
  const auto corrected = holm(p);
  const std::vector<double> right = {0.03, 0.06, 0.06, 0.02};  // p.adjust(p, "holm")
  for (std::size_t i = 0; i < right.size(); ++i) CHECK(corrected[i] == doctest::Approx(right[i]));
  CHECK(std::isnan(corrected[4]));
}

TEST_CASE("a share of the collection weighs clusters by their size") {
  const std::vector<Stratum> strata = {{900, 20, 20}, {100, 20, 10}};
  const auto found = weighted_share(strata);
  CHECK(found.share == doctest::Approx(0.95));
  CHECK(mean_share(strata) == doctest::Approx(0.75));
  // By hand: only the second varies, 0.1^2 (1 - 0.2) 0.25 / 19.
  CHECK(found.error == doctest::Approx(std::sqrt(0.01 * 0.8 * 0.25 / 19)));
  const std::vector<Stratum> whole = {{3, 3, 2}, {1, 1, 1}, {50, 0, 0}};
  CHECK(weighted_share(whole).share == doctest::Approx(0.75));
  CHECK(weighted_share(whole).error == 0);
  CHECK(weighted_share(whole).left_out == 1);
  CHECK(std::isnan(weighted_share(std::vector<Stratum>{{9, 1, 1}}).error));
}

}  // namespace coterie
