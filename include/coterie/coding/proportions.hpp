#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/coding/codes.hpp"

namespace coterie::inline coding {

/// Wilson's score interval of the share x / n, at 95 %. NaN for n = 0. Throws InvalidArgument unless 0 <= x <= n.
/// 19 of 20: .764 to .991; 20 of 20: .839 to 1.
Interval wilson_interval(double x, double n);

/// R's prop.test of two shares, two-sided, with Yates' correction. x need not be whole: published tables give rounded
/// shares.
struct ProportionTest {
  double chi_squared = 0;     ///< 1 degree of freedom; NaN where both shares are 0 or both 1
  double p_value = 0;         ///< NaN likewise
  double difference = 0;      ///< x1 / n1 - x2 / n2
  Interval interval;          ///< 95 % of the difference, continuity corrected
  double least_expected = 0;  ///< of the four cells: below 5 the approximation may be poor, take Fisher's test
};
ProportionTest proportion_test(double x1, double n1, double x2, double n2);

/// Fisher's exact test of [[x1, n1 - x1], [x2, n2 - x2]], two-sided: the sum of all tables that are no more probable
/// than this one, with R's tolerance of 1e-7.
double fisher_exact(std::int64_t x1, std::int64_t n1, std::int64_t x2, std::int64_t n2);

/// P(X >= x) of x hits in n tries with this chance of each.
double binomial_tail(std::int64_t x, std::int64_t n, double chance);

/// Holm's (1979) step-down correction: p-values as large as the family of all of them demands. NaN stay NaN and are
/// no part of the family.
std::vector<double> holm(std::span<const double> p_values);

/// One stratum of a sample: of a cluster's `population` images `sampled` were coded, `hits` of them counted.
struct Stratum {
  std::int64_t population = 0, sampled = 0;
  double hits = 0;
};

/// A share of the whole collection, from a sample of each stratum.
struct WeightedShare {
  double share = 0;  ///< sum of (N_k / N) p_k
  double error = 0;  ///< with the finite population correction; NaN where a stratum that is not coded whole has 1 image
  Interval interval;          ///< share ± 1.96 errors, within [0, 1]
  std::int64_t left_out = 0;  ///< strata of which nothing was coded: no part of N
};

/// Cochran, Sampling Techniques (3rd ed., 1977), equation 5.52.
WeightedShare weighted_share(std::span<const Stratum> strata);

/// The mean of the strata's shares, each counted alike, as the published studies average consistencies; NaN of none.
double mean_share(std::span<const Stratum> strata);

}  // namespace coterie::inline coding
