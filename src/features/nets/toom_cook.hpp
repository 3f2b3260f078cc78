#pragma once

#include <array>

#include "nets/lanes.hpp"

namespace coterie::inline features {

/// A one-dimensional convolution of kKernel taps by Toom and Cook's algorithm, as Winograd has it: kOut results from
/// kPoints products, at the points 0, ±p for each of kPairs numbers p, and infinity. With the transforms B, G and A:
/// results = A((G kernel) ∘ (B inputs)). The numbers are exact in binary and so chosen that rounding errors grow little
/// (a search among fractions, 256 channels; the 3 × 3 convolution by two pairs errs by 1.2e-6 of the results, a plain
/// chain of additions by 0.6e-6, the textbook's points 0, ±1, ±2 by 2.4e-6).
template <int kPairs, int kTaps>
struct ToomCook {
  static constexpr int kKernel = kTaps, kPoints = 2 * kPairs + 2, kOut = kPoints - kTaps + 1;
  using Numbers = std::array<double, kPairs>;
  static constexpr Numbers numbers() {
    if constexpr (kPairs == 2)
      return {0.75, 1.5};
    else
      return {0.5, 1.0, 1.75};
  }
  static constexpr double power(double base, int exponent) {
    double product = 1;
    while (exponent-- > 0) product *= base;
    return product;
  }

  /// Coefficients, in x², of the product of x² - p² over all pairs but `except`.
  static constexpr std::array<double, kPairs + 1> product_without(int except) {
    std::array<double, kPairs + 1> polynomial{1.0};
    for (int pair = 0; pair < kPairs; ++pair) {
      if (pair == except) continue;
      const double square = numbers()[pair] * numbers()[pair];
      for (int i = kPairs; i >= 0; --i) polynomial[i] = (i > 0 ? polynomial[i - 1] : 0) - square * polynomial[i];
    }
    return polynomial;
  }

  /// B: kPoints inputs to the points' values. Also in and out may be one.
  static void transform_input(const Lanes (&in)[kPoints], Lanes (&out)[kPoints]) {
    constexpr auto all = product_without(-1);
    Lanes zero = in[kPoints - 2], infinity = in[kPoints - 1];
    for (int i = 0; i < kPairs; ++i) {
      zero += static_cast<float>(all[i]) * in[2 * i];
      infinity += static_cast<float>(all[i]) * in[2 * i + 1];
    }
    Lanes values[2 * kPairs];
#pragma GCC unroll 8
    for (int pair = 0; pair < kPairs; ++pair) {
      const auto others = product_without(pair);
      Lanes even = in[2 * kPairs], odd = in[2 * kPairs - 1];
#pragma GCC unroll 8
      for (int i = 0; i + 1 < kPairs; ++i) {
        even += static_cast<float>(others[i]) * in[2 * i + 2];
        odd += static_cast<float>(others[i]) * in[2 * i + 1];
      }
      const auto number = static_cast<float>(numbers()[pair]);
      values[2 * pair] = even + number * odd;
      values[2 * pair + 1] = even - number * odd;
    }
    out[0] = zero;
    for (int i = 0; i < 2 * kPairs; ++i) out[i + 1] = values[i];
    out[kPoints - 1] = infinity;
  }

  /// A: the points' products to kOut results.
  static void transform_output(const Lanes (&in)[kPoints], Lanes (&out)[kOut]) {
    Lanes sums[kPairs], differences[kPairs];
    for (int pair = 0; pair < kPairs; ++pair) {
      sums[pair] = in[2 * pair + 1] + in[2 * pair + 2];
      differences[pair] = in[2 * pair + 1] - in[2 * pair + 2];
    }
#pragma GCC unroll 8
    for (int i = 0; i < kOut; ++i) {
      Lanes sum = i == 0 ? in[0] : i == kOut - 1 ? in[kPoints - 1] : Lanes{};
#pragma GCC unroll 8
      for (int pair = 0; pair < kPairs; ++pair)
        sum += static_cast<float>(power(numbers()[pair], i)) * (i % 2 == 0 ? sums : differences)[pair];
      out[i] = sum;
    }
  }

  /// A transposed: the gradient by kOut results to that by the points' products.
  static void transform_gradient(const Lanes (&in)[kOut], Lanes (&out)[kPoints]) {
    out[0] = in[0];
#pragma GCC unroll 8
    for (int pair = 0; pair < kPairs; ++pair) {
      Lanes even = in[0], odd{};
#pragma GCC unroll 8
      for (int i = 1; i < kOut; ++i) (i % 2 == 0 ? even : odd) += static_cast<float>(power(numbers()[pair], i)) * in[i];
      out[2 * pair + 1] = even + odd;
      out[2 * pair + 2] = even - odd;
    }
    out[kPoints - 1] = in[kOut - 1];
  }

  /// G transposed: the gradient by the transformed kernel to that by its taps.
  static void transform_taps(const Lanes (&in)[kPoints], Lanes (&out)[kKernel]) {
#pragma GCC unroll 8
    for (int tap = 0; tap < kKernel; ++tap) {
      Lanes sum{};
#pragma GCC unroll 8
      for (int point = 0; point < kPoints; ++point) sum += static_cast<float>(kernel_factor(point, tap)) * in[point];
      out[tap] = sum;
    }
  }

  /// G: what tap `tap` gives to point `point`.
  static constexpr double kernel_factor(int point, int tap) {
    if (point == kPoints - 1) return tap == kTaps - 1;
    const double x = point == 0 ? 0 : (point % 2 == 1 ? 1 : -1) * numbers()[(point - 1) / 2];
    double derivative = 1;  // of x times the product of all x² - p²
    for (int other = 0; other + 1 < kPoints; ++other) {
      if (other == point) continue;
      derivative *= x - (other == 0 ? 0 : (other % 2 == 1 ? 1 : -1) * numbers()[(other - 1) / 2]);
    }
    return power(x, tap) / derivative;
  }
};

/// A kernel of one tap, which needs no algorithm.
template <>
struct ToomCook<0, 1> {
  static constexpr int kKernel = 1, kPoints = 1, kOut = 1;
  static void transform_input(const Lanes (&in)[1], Lanes (&out)[1]) { out[0] = in[0]; }
  static void transform_output(const Lanes (&in)[1], Lanes (&out)[1]) { out[0] = in[0]; }
  static double kernel_factor(int, int) { return 1; }
};

}  // namespace coterie::inline features
