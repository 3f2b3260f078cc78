#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/coding/proportions.hpp"
#include "normal.hpp"

namespace coterie::inline coding {

Interval wilson_interval(double x, double n) {
  constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
  require(0 <= x && x <= n, "{} of {} is no share", x, n);
  if (n == 0) return {kUndefined, kUndefined};
  const double z2 = kNormal975 * kNormal975, p = x / n;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal975 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  // At the ends the bound is exact in real numbers, and not in rounded ones.
  return {x == 0 ? 0 : std::max(0.0, centre - half), x == n ? 1 : std::min(1.0, centre + half)};
}

WeightedShare weighted_share(std::span<const Stratum> strata) {
  WeightedShare found;
  double population = 0;
  for (const auto& stratum : strata) {
    if (stratum.sampled == 0)
      ++found.left_out;
    else
      population += static_cast<double>(stratum.population);
  }
  double variance = 0;
  for (const auto& stratum : strata) {
    if (stratum.sampled == 0) continue;
    const auto size = static_cast<double>(stratum.population), n = static_cast<double>(stratum.sampled);
    const double weight = size / population, p = stratum.hits / n;
    found.share += weight * p;
    if (stratum.sampled < stratum.population)  // what was coded whole has no sampling error; 0/0 of a single one is NaN
      variance += weight * weight * (1 - n / size) * p * (1 - p) / (n - 1);
  }
  if (population == 0) found.share = variance = std::numeric_limits<double>::quiet_NaN();
  found.error = std::sqrt(variance);
  const double half = kNormal975 * found.error;
  found.interval = {std::isnan(half) ? half : std::max(0.0, found.share - half),
                    std::isnan(half) ? half : std::min(1.0, found.share + half)};
  return found;
}

double mean_share(std::span<const Stratum> strata) {
  double sum = 0, count = 0;
  for (const auto& stratum : strata) {
    if (stratum.sampled == 0) continue;
    sum += stratum.hits / static_cast<double>(stratum.sampled);
    ++count;
  }
  return sum / count;
}

}  // namespace coterie::inline coding
