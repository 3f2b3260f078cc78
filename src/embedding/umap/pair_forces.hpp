#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <numbers>

#include "coterie/embedding/umap.hpp"
#include "tsne/four_doubles.hpp"

namespace coterie::inline embedding {

/// x^exponent of positive x, neither subnormal nor so large or small that the power is: within 1e-8 of itself, which is
/// plenty for a force. log2 by the series of artanh, exp2 by Taylor's, both after Estrin: four at a time std::pow takes
/// several times as long.
inline Four quick_power(Four x, double exponent) {
  using Bits = std::uint64_t __attribute__((vector_size(32)));
  constexpr std::uint64_t kOne = 0x3ff0000000000000, kRootOfHalf = 0x3fe6a09e667f3bcd, kMantissa = 0x000fffffffffffff;
  constexpr double kTwoTo52 = 0x1p52, kWhole = 0x1.8p52;  // added: leaves the whole number in the low bits
  // x = 2^power times a mantissa between the roots of 1/2 and of 2.
  const Bits shifted = std::bit_cast<Bits>(x) + (kOne - kRootOfHalf);
  const Four power = std::bit_cast<Four>((shifted >> 52) | std::bit_cast<std::uint64_t>(kTwoTo52)) - (kTwoTo52 + 1023);
  const Four mantissa = std::bit_cast<Four>((shifted & kMantissa) + kRootOfHalf);
  const Four s = (mantissa - 1) / (mantissa + 1), t = s * s, tt = t * t;
  const Four series = (1 + t * (1.0 / 3)) + tt * ((1.0 / 5 + t * (1.0 / 7)) + tt * (1.0 / 9));
  const Four logarithm = exponent * (power + (2 / std::numbers::ln2 * s) * series);
  const Four rounded = logarithm + kWhole, u = (logarithm - (rounded - kWhole)) * std::numbers::ln2, uu = u * u;
  const Four low = (1 + u) + uu * (1.0 / 2 + u * (1.0 / 6));
  const Four high = (1.0 / 24 + u * (1.0 / 120)) + uu * (1.0 / 720 + u * (1.0 / 5040));
  const Four exponential = low + (uu * uu) * high;
  return std::bit_cast<Four>(std::bit_cast<Bits>(exponential) + (std::bit_cast<Bits>(rounded) << 52));
}

/// What UMAP's pairs do to a row on the map, four at a time: umap-learn's gradients, each coordinate of each at most 4.
template <int kDimensions>
class PairForces {
 public:
  PairForces(const UmapCurve& curve, double repulsion_strength)
      : curve_(curve), pull_(-2 * curve.a * curve.b), push_(2 * repulsion_strength * curve.b) {}

  /// Moves `row` by `rate`: pulled to the first of `others` where it `pulls`, pushed from the rest. One that is null,
  /// or lies at the row's own place, does nothing.
  [[gnu::always_inline]] void move(double* row, const std::array<const double*, 4>& others, bool pulls,
                                   double rate) const {
    std::array<Four, kDimensions> apart;
    Four square{};
    for (int d = 0; d < kDimensions; ++d) {
      Four there;
      for (int lane = 0; lane < 4; ++lane) there[lane] = others[at(lane)] == nullptr ? row[d] : others[at(lane)][d];
      apart[at(d)] = row[d] - there;
      square += apart[at(d)] * apart[at(d)];
    }
    square = square > kNearest ? square : all_four(1);  // and what is that near is not moved by much
    const Four power = quick_power(square, curve_.b);
    const Four pushes = pulls ? Four{0, push_, push_, push_} : all_four(push_);
    const Four pull{pulls ? pull_ : 0, 0, 0, 0};
    const Four softening = pulls ? Four{0, kSoftening, kSoftening, kSoftening} : all_four(kSoftening);
    const Four factor = (pushes + pull * power) / ((softening + square) * (curve_.a * power + 1));
    for (int d = 0; d < kDimensions; ++d) {
      Four step = factor * apart[at(d)];
      step = step > kLongest ? all_four(kLongest) : step;
      step = step < -kLongest ? all_four(-kLongest) : step;
      row[d] += rate * sum_of(step);
    }
  }

 private:
  static constexpr double kLongest = 4;
  static constexpr double kSoftening = 1e-3;  // added to squared distances that are divided by
  static constexpr double kNearest = 1e-100;

  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }

  const UmapCurve curve_;
  const double pull_, push_;
};

}  // namespace coterie::inline embedding
