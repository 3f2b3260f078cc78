#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coterie/dist/exact_scale.hpp"
#include "coterie/dist/pending_sum.hpp"
#include "coterie/training/batch.hpp"

namespace coterie::inline training {

/// Sums of arrays of float32 whose bits do not depend on the order of the terms: threads and ranks add in fixed point.
///
/// The step is 2^-51 of the bound or less. Bounds here are a priori ones, some 2^17 times what comes: even then the
/// rounding is 2^-34 of the largest sum, finer than float32's own.
class ExactSum {
 public:
  /// Sums of `size` numbers, each of at most `terms` terms within ± bound, the same on every rank. Throws Error where
  /// the bound is not finite: the training has diverged.
  ExactSum(const Batch& batch, std::int64_t size, double bound, std::int64_t terms);

  /// Adds a term to sums [first, first + count). Each worker has sums of its own.
  void add(int worker, std::int64_t first, const float* values, std::int64_t count);

  /// Begins the sums over all workers and ranks; sends 8 bytes a sum. Until they have arrived the batch's pool moves
  /// them on beside whatever it computes. Collective.
  void begin();

  /// Waits for them: on every rank.
  void finish(float* out);

 private:
  template <typename Work>
  void in_pieces(const Work& work) const;

  const Batch& batch_;
  const std::int64_t size_;
  const ExactScale scale_;
  std::vector<std::vector<std::int64_t>> sums_;  // of each worker that has added something
  std::optional<PendingSum> total_;
};

/// The largest magnitude over all ranks. Collective.
double largest(const Batch& batch, const float* values, std::int64_t count);

}  // namespace coterie::inline training
