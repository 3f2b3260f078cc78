#include "coterie/coding/codes.hpp"

#include <algorithm>

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
