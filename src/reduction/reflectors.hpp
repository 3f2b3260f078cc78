#pragma once

#include <vector>

#include "coterie/reduction/fixed_tree.hpp"

namespace coterie::inline reduction {

/// Q = H_0 H_1 ... H_(k-1), H_j = I - tau_j v_j v_j'.
struct Reflectors {
  Matrix vectors;           ///< n x k: column j holds v_j, zeros above row j
  std::vector<double> tau;  ///< size k
};

/// Columns that are transformed together, by the number of all that are wanted: fixed, because another width may give
/// other bits.
std::int64_t columns_together(std::int64_t wanted);

/// Replaces Z by Q Z for this rank's columns of Z (n x own), columns [own.begin, own.end) of `wanted` ones, which begin
/// and end at multiples of columns_together(wanted). 4 n k - 2 k^2 flops a column, in GEMM (compact WY: Schreiber, Van
/// Loan, SIAM J. Sci. Stat. Comput. 10, 1989), the triangular factors computed once for all columns, where LAPACK's
/// dormtr makes them anew in each call. Local; shared out to threads.
void apply(const Reflectors& q, double* z, RowRange own, std::int64_t wanted, ThreadPool& pool);

}  // namespace coterie::inline reduction
