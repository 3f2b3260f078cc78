#pragma once

#include <functional>
#include <vector>

#include "coterie/reduction/fixed_tree.hpp"

namespace coterie::inline reduction {

/// Eigenvalues (all, ascending) and the wanted eigenvectors of a symmetric tridiagonal matrix.
struct TridiagonalVectors {
  std::vector<double> values;
  std::int64_t wanted = 0;  ///< how many vectors were asked for, those of the largest values
  RowRange own;             ///< which of them this rank holds, counted from the largest value down
  Matrix vectors;           ///< n x own.size()
};

/// By Cuppen's divide and conquer. `want` is given all eigenvalues, on every rank alike, before the last and dearest
/// merge, which then makes only the vectors asked for: at most n^2 wanted + n^3 / 3 flops, in GEMM, fewer where values
/// lie close together (deflation). Vectors are orthogonal to a few eps, however close their values (Gu and Eisenstat,
/// SIAM J. Matrix Anal. Appl. 16, 1995). From 512 columns on a merge is shared out to ranks, in fixed blocks of
/// columns, always to threads. The vectors that a rank gets
/// are a whole number of blocks of together(wanted) columns, a divisor or a multiple of 128. Memory:
/// 24 n^2 bytes on each rank. Messages: n^2 / 2 doubles altogether. Collective.
TridiagonalVectors divide_and_conquer(std::vector<double> diagonal, std::vector<double> off_diagonal,
                                      const std::function<std::int64_t(const std::vector<double>& values)>& want,
                                      const std::function<std::int64_t(std::int64_t wanted)>& together,
                                      const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline reduction
