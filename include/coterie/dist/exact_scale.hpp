#pragma once

#include <cmath>
#include <cstdint>
#include <span>

namespace coterie::inline dist {

class Communicator;

/// Fixed-point numbers whose sum does not depend on its order.
///
/// A scale is made from a bound on the magnitude of each term and the number of terms, both the same on every
/// rank. Each term is rounded once to a 64-bit integer; integers add without rounding, so any grouping over
/// blocks, threads and ranks gives the same bits. Rounding one term costs at most step()/2.
///
///     max_abs = 10, terms = 1000:  10 * 1000 * 2^s <= 2^62  ->  s = 48, a step of 3.6e-15
///
/// Never more than 2^51 steps to a term, so that quantise() is one addition in double (see the source).
class ExactScale {
 public:
  /// max_abs >= 0 and finite, terms >= 0; throws InvalidArgument otherwise. max_abs == 0 gives all zeros.
  ExactScale(double max_abs, std::int64_t terms);

  /// |value| <= max_abs. Round to nearest, ties to even.
  std::int64_t quantise(double value) const { return static_cast<std::int64_t>(std::nearbyint(value * to_steps_)); }
  double value(std::int64_t steps) const { return static_cast<double>(steps) * step_; }
  double step() const { return step_; }

  /// 1 / step(), a power of two: for kernels that quantise whole vectors.
  double steps_per_unit() const { return to_steps_; }

 private:
  double to_steps_ = 0;
  double step_ = 0;
};

/// The sum of the ranks' own values, of which there are `terms` on all ranks together, by a scale of the largest: the
/// same bits on any number of ranks, on every rank. Collective: a maximum and a sum of 8 bytes.
double exact_sum(std::span<const double> local, std::int64_t terms, const Communicator& comm);

}  // namespace coterie::inline dist
