#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/coding/agreement.hpp"
#include "normal.hpp"

namespace coterie::inline coding {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

struct Margins {
  std::vector<double> row, column;
  double observed = 0, expected = 0;  ///< agreement
};

Margins margins_of(const std::vector<double>& p, std::size_t q) {
  Margins margins{std::vector<double>(q, 0), std::vector<double>(q, 0)};
  for (std::size_t i = 0; i < q; ++i)
    for (std::size_t j = 0; j < q; ++j) {
      margins.row[i] += p[i * q + j];
      margins.column[j] += p[i * q + j];
    }
  for (std::size_t i = 0; i < q; ++i) {
    margins.observed += p[i * q + i];
    margins.expected += margins.row[i] * margins.column[i];
  }
  return margins;
}

// Equation 13 of Fleiss, Cohen & Everitt for unit weights, times n (1 - expected)^2.
double variance_term(const std::vector<double>& p, const Margins& m, double kappa) {
  const std::size_t q = m.row.size();
  double term = 0;
  for (std::size_t i = 0; i < q; ++i) {
    const double own = 1 - (m.row[i] + m.column[i]) * (1 - kappa);
    term += p[i * q + i] * own * own;
    for (std::size_t j = 0; j < q; ++j) {
      if (i == j) continue;
      const double cross = m.column[i] + m.row[j];
      term += (1 - kappa) * (1 - kappa) * p[i * q + j] * cross * cross;
    }
  }
  const double centre = kappa - m.expected * (1 - kappa);
  return term - centre * centre;
}

}  // namespace

CohenKappa cohen_kappa(std::span<const std::int64_t> table, std::int64_t categories) {
  require(std::ssize(table) == categories * categories, "a confusion table of {} counts for {} categories",
          table.size(), categories);
  CohenKappa found{0, kUndefined, kUndefined, kUndefined, kUndefined, {kUndefined, kUndefined}};
  for (const auto count : table) found.units += count;
  if (found.units == 0) return found;
  const auto n = static_cast<double>(found.units);
  std::vector<double> p;
  for (const auto count : table) p.push_back(static_cast<double>(count) / n);
  const Margins m = margins_of(p, static_cast<std::size_t>(categories));
  found.agreement = m.observed;
  if (m.expected >= 1) return found;
  found.kappa = (m.observed - m.expected) / (1 - m.expected);
  const double scale = n * (1 - m.expected) * (1 - m.expected);
  found.error = std::sqrt(std::max(0.0, variance_term(p, m, found.kappa)) / scale);
  double null_term = m.expected + m.expected * m.expected;
  for (std::size_t i = 0; i < m.row.size(); ++i) null_term -= m.row[i] * m.column[i] * (m.row[i] + m.column[i]);
  found.null_error = std::sqrt(std::max(0.0, null_term) / scale);
  found.interval = {found.kappa - kNormal975 * found.error, std::min(1.0, found.kappa + kNormal975 * found.error)};
  return found;
}

}  // namespace coterie::inline coding
