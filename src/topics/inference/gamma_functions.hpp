#pragma once

#include <cstdint>

namespace coterie::inline topics {

/// Functions of positive numbers around the logarithm of the gamma function, psi being its derivative, for whole
/// arrays: a number's bits do not depend on its neighbours. Absolute errors of psi and of the logarithm of gamma stay
/// below 1e-13 times max(1, their magnitude), and the relative one of exp(psi) below 1e-13 max(1, |psi|), but for psi
/// below -700, where it is something below 1e-290.
///
/// x below 1e-300 or above 1e30 is not meant. `count` is 0 or more; the arrays do not overlap.

/// out[i] = exp(psi(x[i])): one exponential and two divisions, no logarithm. About 30 flops each.
void exp_psi(const double* x, std::int64_t count, double* out);

/// All three in one go. About 80 flops each.
void gamma_functions(const double* x, std::int64_t count, double* exp_psi, double* psi, double* log_gamma);

/// values[i] = ln(values[i]).
void to_logarithms(double* values, std::int64_t count);

/// Of one number.
double psi_of(double x);
double log_gamma_of(double x);

}  // namespace coterie::inline topics
