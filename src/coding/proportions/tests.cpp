#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/hypergeometric.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/coding/proportions.hpp"
#include "normal.hpp"

namespace coterie::inline coding {

ProportionTest proportion_test(double x1, double n1, double x2, double n2) {
  require(n1 > 0 && n2 > 0 && x1 >= 0 && x2 >= 0 && x1 <= n1 && x2 <= n2, "{} of {} and {} of {} are no two shares", x1,
          n1, x2, n2);
  const double p1 = x1 / n1, p2 = x2 / n2, pooled = (x1 + x2) / (n1 + n2), inverse = 1 / n1 + 1 / n2;
  ProportionTest found;
  found.difference = p1 - p2;
  const double yates = std::min(0.5, std::fabs(found.difference) / inverse);
  const double expected[] = {n1 * pooled, n2 * pooled, n1 * (1 - pooled), n2 * (1 - pooled)};
  const double observed[] = {x1, x2, n1 - x1, n2 - x2};
  found.least_expected = *std::min_element(std::begin(expected), std::end(expected));
  for (std::size_t i = 0; i < 4; ++i) {
    const double away = std::fabs(observed[i] - expected[i]) - yates;
    found.chi_squared += away * away / expected[i];  // 0/0 where all or none are hits, as R has it
  }
  found.p_value =
      std::isnan(found.chi_squared)
          ? found.chi_squared
          : boost::math::cdf(boost::math::complement(boost::math::chi_squared(1), std::max(0.0, found.chi_squared)));
  const double width = kNormal975 * std::sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) + yates * inverse;
  found.interval = {std::max(-1.0, found.difference - width), std::min(1.0, found.difference + width)};
  return found;
}

double fisher_exact(std::int64_t x1, std::int64_t n1, std::int64_t x2, std::int64_t n2) {
  require(0 <= x1 && x1 <= n1 && 0 <= x2 && x2 <= n2, "{} of {} and {} of {} are no two shares", x1, n1, x2, n2);
  const std::int64_t hits = x1 + x2, all = n1 + n2;
  if (hits == 0 || hits == all || n1 == 0 || n2 == 0) return 1;
  const boost::math::hypergeometric_distribution<double> tables(static_cast<unsigned>(hits), static_cast<unsigned>(n1),
                                                                static_cast<unsigned>(all));
  const double here = boost::math::pdf(tables, static_cast<double>(x1));
  constexpr double kTolerance = 1 + 1e-7;  // tables as probable as this one, but for rounding, count as well
  double p = 0;
  for (std::int64_t x = std::max<std::int64_t>(0, hits - n2); x <= std::min(hits, n1); ++x)
    if (const double probability = boost::math::pdf(tables, static_cast<double>(x)); probability <= here * kTolerance)
      p += probability;
  return std::min(1.0, p);
}

double binomial_tail(std::int64_t x, std::int64_t n, double chance) {
  require(0 <= x && x <= n && chance >= 0 && chance <= 1, "{} of {} at a chance of {}", x, n, chance);
  if (x == 0) return 1;
  return boost::math::cdf(
      boost::math::complement(boost::math::binomial(static_cast<double>(n), chance), static_cast<double>(x - 1)));
}

std::vector<double> holm(std::span<const double> p_values) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p_values.size(); ++i)
    if (!std::isnan(p_values[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return p_values[a] < p_values[b]; });
  std::vector<double> corrected(p_values.begin(), p_values.end());
  double least = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    least = std::max(least, static_cast<double>(order.size() - rank) * p_values[order[rank]]);
    corrected[order[rank]] = std::min(1.0, least);
  }
  return corrected;
}

}  // namespace coterie::inline coding
