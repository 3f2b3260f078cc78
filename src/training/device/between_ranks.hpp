#pragma once

#include <ATen/core/Tensor.h>

#include "coterie/training/batch.hpp"

// What ranks tell each other in a step. MPI sends the host's memory, so each of these is a copy there and back; with
// one rank nothing is copied.
namespace coterie::inline training {

/// The rows of all ranks, float32, in the order of ranks.
at::Tensor gathered_rows(const Batch& batch, const at::Tensor& own);

/// The sums over ranks of float64 numbers, added in the order of ranks: the same bits on all.
at::Tensor sum_in_order(const Batch& batch, const at::Tensor& own);

/// The sums over ranks of float32 numbers, by ExactSum: the same bits on all.
at::Tensor sum_exactly(const Batch& batch, const at::Tensor& own);

}  // namespace coterie::inline training
