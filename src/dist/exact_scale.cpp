#include "coterie/dist/exact_scale.hpp"

#include <algorithm>

#include "coterie/base/errors.hpp"
#include "coterie/dist/communicator.hpp"

namespace coterie::inline dist {

ExactScale::ExactScale(double max_abs, std::int64_t terms) {
  require(std::isfinite(max_abs) && max_abs >= 0, "ExactScale: max_abs is {}, must be finite and not negative",
          max_abs);
  require(terms >= 0, "ExactScale: terms is {}, must not be negative", terms);
  if (max_abs == 0) return;
  int term_exponent = 0, count_exponent = 0;
  std::frexp(max_abs, &term_exponent);                          // max_abs < 2^term_exponent
  std::frexp(static_cast<double>(terms) + 1, &count_exponent);  // terms < 2^count_exponent
  const int bits = std::min(51, 62 - count_exponent);           // of one term
  to_steps_ = std::ldexp(1.0, bits - term_exponent);
  step_ = std::ldexp(1.0, term_exponent - bits);
}

double exact_sum(std::span<const double> local, std::int64_t terms, const Communicator& comm) {
  double most = 0;
  for (const double value : local) most = std::max(most, std::abs(value));
  const ExactScale scale(comm.max(most), terms);
  std::int64_t sum = 0;
  for (const double value : local) sum += scale.quantise(value);
  return scale.value(comm.sum(sum));
}

}  // namespace coterie::inline dist
