#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "coded_units.hpp"
#include "coterie/base/random.hpp"
#include "coterie/coding/agreement.hpp"

namespace coterie::inline coding {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// Sums over units, from which alpha follows.
struct Coincidences {
  explicit Coincidences(std::size_t categories) : totals(categories, 0) {}

  void add(const CodedUnit& unit) {
    for (std::size_t k = 0; k < totals.size(); ++k) totals[k] += unit.counts[k];
    observed += unit.codes * (1 - unit.agreement);  // its pairs that differ, in the matrix of coincidences
  }

  double values() const {
    double sum = 0;
    for (const auto total : totals) sum += total;
    return sum;
  }

  double alpha() const {
    const double n = values();
    double expected = 0;
    for (const auto total : totals) expected += total * (n - total);
    return expected > 0 ? 1 - (n - 1) * observed / expected : kUndefined;
  }

  std::vector<double> totals;
  double observed = 0;
};

}  // namespace

KrippendorffAlpha krippendorff_alpha(const Codes& codes, std::int64_t replicates, std::uint64_t seed) {
  const auto units = coded_units(codes, 2);
  const auto categories = static_cast<std::size_t>(codes.categories);
  Coincidences all(categories);
  for (const auto& unit : units) all.add(unit);
  KrippendorffAlpha found{
      all.alpha(), static_cast<std::int64_t>(std::llround(all.values())), {kUndefined, kUndefined}, 0};
  if (units.empty() || std::isnan(found.alpha)) return found;
  std::vector<double> alphas;
  for (std::int64_t replicate = 0; replicate < replicates; ++replicate) {
    const Random random(seed, Purpose::agreement_bootstrap, static_cast<std::uint32_t>(replicate));
    Coincidences resample(categories);
    for (std::size_t i = 0; i < units.size(); ++i)
      resample.add(units[static_cast<std::size_t>(random.below(i, std::ssize(units)))]);
    if (const double alpha = resample.alpha(); !std::isnan(alpha)) alphas.push_back(alpha);
  }
  found.undefined = replicates - std::ssize(alphas);
  if (alphas.empty()) return found;
  std::sort(alphas.begin(), alphas.end());
  const auto at = [&](double share) {
    return alphas[static_cast<std::size_t>(share * static_cast<double>(alphas.size() - 1))];
  };
  found.interval = {at(0.025), at(0.975)};
  return found;
}

}  // namespace coterie::inline coding
