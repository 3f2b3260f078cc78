#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "coded_units.hpp"
#include "coterie/coding/agreement.hpp"

namespace coterie::inline coding {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

// Each unit's classification counts alike, however many coders it had.
std::vector<double> prevalences(const std::vector<CodedUnit>& units) {
  std::vector<double> shares(units.front().counts.size(), 0);
  for (const auto& unit : units)
    for (std::size_t k = 0; k < shares.size(); ++k) shares[k] += unit.counts[k] / unit.codes;
  for (auto& share : shares) share /= static_cast<double>(units.size());
  return shares;
}

// The variance of Gwet's linearised units (2014, equation 5.3.5 without a finite population).
double gwet_variance(const std::vector<CodedUnit>& units, const std::vector<double>& shares, double categories,
                     double chance, const GroupAgreement& found) {
  const auto n = static_cast<double>(units.size());
  double sum = 0;
  for (const auto& unit : units) {
    double own_chance = 0;
    for (std::size_t k = 0; k < shares.size(); ++k) own_chance += unit.counts[k] * (1 - shares[k]);
    own_chance /= unit.codes * (categories - 1);
    const double paired = unit.codes > 1 ? 1 : 0;
    const double own = n / static_cast<double>(found.units) * (unit.agreement - chance * paired) / (1 - chance) -
                       2 * (1 - found.gwet_ac1) * (own_chance - chance) / (1 - chance) - found.gwet_ac1;
    sum += own * own;
  }
  return sum / (n * (n - 1));
}

}  // namespace

GroupAgreement group_agreement(const Codes& codes) {
  GroupAgreement found{0, kUndefined, kUndefined, kUndefined, kUndefined, {kUndefined, kUndefined}};
  const auto units = coded_units(codes, 1);
  double agreement = 0;
  for (const auto& unit : units) {
    if (unit.codes < 2) continue;
    ++found.units;
    agreement += unit.agreement;
  }
  if (found.units == 0) return found;
  found.agreement = agreement / static_cast<double>(found.units);
  const auto shares = prevalences(units);
  const auto in_use = std::count_if(shares.begin(), shares.end(), [](double share) { return share > 0; });
  const auto categories = static_cast<double>(std::max<std::ptrdiff_t>(2, in_use));
  double fleiss_chance = 0, gwet_chance = 0;
  for (const auto share : shares) {
    fleiss_chance += share * share;
    gwet_chance += share * (1 - share) / (categories - 1);
  }
  if (in_use > 1) found.fleiss_kappa = (found.agreement - fleiss_chance) / (1 - fleiss_chance);
  found.gwet_ac1 = (found.agreement - gwet_chance) / (1 - gwet_chance);
  if (units.size() < 2) return found;
  found.gwet_error = std::sqrt(gwet_variance(units, shares, categories, gwet_chance, found));
  const boost::math::students_t student(static_cast<double>(units.size() - 1));
  const double half = boost::math::quantile(student, 0.975) * found.gwet_error;
  found.gwet_interval = {found.gwet_ac1 - half, std::min(1.0, found.gwet_ac1 + half)};
  return found;
}

}  // namespace coterie::inline coding
