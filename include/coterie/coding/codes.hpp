#pragma once

#include <cstdint>
#include <vector>

namespace coterie::inline coding {

/// The bounds of a confidence interval; NaN where it is not defined.
struct Interval {
  double low = 0, high = 0;
};

/// What several people said of the same units, on a nominal scale: one category each, or nothing.
///
///              coder 0  coder 1
///     unit 0      0        1          values = {0, 1,  2, -1}, units 2, coders 2, categories 3
///     unit 1      2     (missing)
struct Codes {
  std::int64_t units = 0, coders = 0, categories = 0;
  std::vector<std::int32_t> values;  ///< units × coders, in [0, categories), or kMissing

  static constexpr std::int32_t kMissing = -1;
  std::int32_t at(std::int64_t unit, std::int64_t coder) const {
    return values[static_cast<std::size_t>(unit * coders + coder)];
  }
};

/// How often each unit was put into each category: units × categories, row-major. Throws InvalidArgument for values
/// out of range or of another number.
std::vector<std::int64_t> counts_of(const Codes& codes);

/// How often coder `a` said the row's category where coder `b` said the column's: categories × categories, of the units
/// that both have coded.
std::vector<std::int64_t> confusion(const Codes& codes, std::int64_t a, std::int64_t b);

/// The largest share of one category in all codes, in [0, 1]; 0 of none. Above 0.9 chance-corrected coefficients
/// collapse though coders agree (Feinstein & Cicchetti 1990, the first paradox of kappa).
double largest_share(const Codes& codes);

}  // namespace coterie::inline coding
