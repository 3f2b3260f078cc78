#include "coterie/coding/codes.hpp"

#include <algorithm>

#include "coded_units.hpp"
#include "coterie/base/errors.hpp"

namespace coterie::inline coding {

std::vector<std::int64_t> counts_of(const Codes& codes) {
  require(std::ssize(codes.values) == codes.units * codes.coders, "{} codes of {} units by {} coders",
          codes.values.size(), codes.units, codes.coders);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(codes.units * codes.categories), 0);
  for (std::int64_t unit = 0; unit < codes.units; ++unit)
    for (std::int64_t coder = 0; coder < codes.coders; ++coder) {
      const auto code = codes.at(unit, coder);
      require(code >= Codes::kMissing && code < codes.categories, "a code is {}, of {} categories", code,
              codes.categories);
      if (code != Codes::kMissing) ++counts[static_cast<std::size_t>(unit * codes.categories + code)];
    }
  return counts;
}

std::vector<CodedUnit> coded_units(const Codes& codes, std::int64_t at_least) {
  const auto counts = counts_of(codes);
  const auto q = static_cast<std::size_t>(codes.categories);
  std::vector<CodedUnit> units;
  for (std::int64_t u = 0; u < codes.units; ++u) {
    CodedUnit unit;
    double agreeing = 0;
    for (std::size_t k = 0; k < q; ++k) {
      const auto count = static_cast<double>(counts[static_cast<std::size_t>(u) * q + k]);
      unit.counts.push_back(count);
      unit.codes += count;
      agreeing += count * (count - 1);
    }
    if (unit.codes < static_cast<double>(at_least)) continue;
    if (unit.codes > 1) unit.agreement = agreeing / (unit.codes * (unit.codes - 1));
    units.push_back(std::move(unit));
  }
  return units;
}

std::vector<std::int64_t> confusion(const Codes& codes, std::int64_t a, std::int64_t b) {
  std::vector<std::int64_t> table(static_cast<std::size_t>(codes.categories * codes.categories), 0);
  for (std::int64_t unit = 0; unit < codes.units; ++unit) {
    const auto first = codes.at(unit, a), second = codes.at(unit, b);
    if (first != Codes::kMissing && second != Codes::kMissing)
      ++table[static_cast<std::size_t>(first * codes.categories + second)];
  }
  return table;
}

double largest_share(const Codes& codes) {
  const auto counts = counts_of(codes);
  std::vector<std::int64_t> totals(static_cast<std::size_t>(codes.categories), 0);
  std::int64_t all = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    totals[i % totals.size()] += counts[i];
    all += counts[i];
  }
  if (all == 0) return 0;
  return static_cast<double>(*std::max_element(totals.begin(), totals.end())) / static_cast<double>(all);
}

}  // namespace coterie::inline coding
