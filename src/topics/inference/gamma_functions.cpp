#include "inference/gamma_functions.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace coterie::inline topics {
namespace {

// The functions of one number have no branch, so that the compiler turns a loop over them into vectors.
//
// psi(x) = psi(x + 8) - S(x), S(x) = 1/x + 1/(x+1) + ... + 1/(x+7), and with y = x + 15/2
//     exp(psi(x + 8)) = y + 1/(24 y) - 37/(5760 y^3) + ...,
// whose next term is below 6e-16 of it at y >= 7.5. The coefficients follow from psi(y + 1/2) = ln y + sum of
// (1 - 2^(1 - 2n)) B_2n / (2n y^2n), B_2n Bernoulli's numbers, by the power series of the exponential function.
// Likewise ln gamma(x) = ln gamma(x + 8) - ln(x (x + 1) ... (x + 7)), with Stirling's series for the first.

constexpr double kExpPsi[] = {1.0 / 24,
                              -37.0 / 5760,
                              10313.0 / 2903040,
                              -5509121.0 / 1393459200,
                              2709398569.0 / 367873228800,
                              -0.020734675824368137,
                              0.08238185223878776,
                              -0.43960443686008127};
constexpr double kStirling[] = {1.0 / 12,          -1.0 / 360, 1.0 / 1260,       -1.0 / 1680,     1.0 / 1188,
                                -691.0 / 360360.0, 1.0 / 156,  -3617.0 / 122400, 43867.0 / 244188};
constexpr double kMagic = 0x1.8p52;  // added and taken away, it rounds to a whole number

/// Horner's rule, the last coefficient first; without a loop, for the vectoriser's sake.
template <int kFrom, int kCount>
inline double series(const double (&coefficients)[kCount], double x) {
  if constexpr (kFrom + 1 == kCount) {
    return coefficients[kFrom];
  } else {
    return std::fma(series<kFrom + 1>(coefficients, x), x, coefficients[kFrom]);
  }
}

/// exp(x) for x <= 0; exp(-700) = 1e-304 below -700.
inline double exp_negative(double x) {
  constexpr double kTaylor[] = {
      1.0,        1.0,         1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,
      1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  const double held = std::max(x, -700.0);
  const double shifted = std::fma(held, std::numbers::log2e, kMagic);
  const double whole = shifted - kMagic;
  const double rest = std::fma(whole, -0x1.a39ef35793c76p-33, std::fma(whole, -0x1.62e42fee00000p-1, held));
  const double value = series<0>(kTaylor, rest);  // of |rest| <= ln(2) / 2
  return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) + (std::bit_cast<std::uint64_t>(shifted) << 52));
}

/// ln(x) of a normal positive number, as FreeBSD's msun e_log.c has it (Sun Microsystems 1993).
inline double log_positive(double x) {
  constexpr double kLog[] = {6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
                             2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
                             1.479819860511658591e-01};
  constexpr std::uint64_t kSquareRootOfHalf = 0x3fe6a09e667f3bcd;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t from = bits - kSquareRootOfHalf;  // its top 12 bits: the exponent that leaves [0.71, 1.41)
  const std::uint64_t biased = (from + (std::uint64_t{1023} << 52)) >> 52;
  const double exponent = std::bit_cast<double>(biased | 0x4330000000000000) - (0x1p52 + 1023);
  const auto mantissa = std::bit_cast<double>(bits - ((biased - 1023) << 52));
  const double f = mantissa - 1.0;
  const double s = f / (2.0 + f), z = s * s;
  const double half_square = 0.5 * f * f;
  const double r = z * series<0>(kLog, z);
  const double low = std::fma(exponent, 1.90821492927058770002e-10, s * (half_square + r));
  return std::fma(exponent, 6.93147180369123816490e-01, f - (half_square - low));
}

struct Shift {
  double sum;      // 1/x + ... + 1/(x+7)
  double product;  // x ... (x+7)
};

/// The factors in pairs: x (x + 7) = q, (x + 1)(x + 6) = q + 6, (x + 2)(x + 5) = q + 10, (x + 3)(x + 4) = q + 12.
inline Shift shift(double x) {
  const double q = std::fma(x, x, 7.0 * x);
  const double outer = q * (q + 6.0), inner = (q + 10.0) * (q + 12.0);
  const double product = outer * inner;
  const double top = std::fma(2.0 * q + 6.0, inner, (2.0 * q + 22.0) * outer);
  return {(2.0 * x + 7.0) * (top / product), product};
}

/// exp(psi(x + 8)).
inline double exp_psi_of_shifted(double x) {
  const double y = x + 7.5, inverse = 1.0 / y;
  return std::fma(inverse, series<0>(kExpPsi, inverse * inverse), y);
}

inline double log_gamma_of_shifted(double x) {
  const double z = x + 8.0, inverse = 1.0 / z;
  constexpr double kHalfLogTwoPi = 0.918938533204672741780329736406;
  return std::fma(x + 7.5, log_positive(z), kHalfLogTwoPi - z) + inverse * series<0>(kStirling, inverse * inverse);
}

}  // namespace

void exp_psi(const double* __restrict x, std::int64_t count, double* __restrict out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = exp_psi_of_shifted(x[i]) * exp_negative(-shift(x[i]).sum);
}

void gamma_functions(const double* __restrict x, std::int64_t count, double* __restrict exp_psi, double* __restrict psi,
                     double* __restrict log_gamma) {
  for (std::int64_t i = 0; i < count; ++i) {
    const Shift shifted = shift(x[i]);
    const double above = exp_psi_of_shifted(x[i]);
    exp_psi[i] = above * exp_negative(-shifted.sum);
    psi[i] = log_positive(above) - shifted.sum;
    log_gamma[i] = log_gamma_of_shifted(x[i]) - log_positive(shifted.product);
  }
}

void to_logarithms(double* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = log_positive(values[i]);
}

double psi_of(double x) { return log_positive(exp_psi_of_shifted(x)) - shift(x).sum; }

double log_gamma_of(double x) { return log_gamma_of_shifted(x) - log_positive(shift(x).product); }

}  // namespace coterie::inline topics
