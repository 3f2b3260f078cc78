#pragma once

#include <vector>

#include "coterie/reduction/fixed_tree.hpp"

namespace coterie {

/// A = Q T Q' with T tridiagonal and Q = H_0 H_1 ... H_(n-2), H_j = I - tau_j v_j v_j'.
struct Tridiagonal {
  std::vector<double> diagonal;      ///< size n
  std::vector<double> off_diagonal;  ///< size n - 1
  std::vector<double> tau;           ///< size n, the last is 0
  Matrix reflectors;                 ///< n x n: column j holds v_j, zeros down to row j, 1 in row j + 1
};

/// A symmetric matrix in its lower triangle, the same on every rank; overwritten. 4/3 n^3 flops: half of them in GEMM,
/// half in products of the shrinking matrix with one vector, which read n^3 / 6 doubles from memory. Both are shared
/// out in 8 fixed shares of columns to threads and ranks: the bits are the same on any number. Messages: n of 8 n bytes
/// a rank (from 512 columns on; smaller ones every rank does alone), and n / 32 of 256 n bytes. Collective.
///
/// Source: Dongarra, Sorensen, Hammarling, "Block reduction of matrices to condensed forms for eigenvalue
/// computations", J. Comput. Appl. Math. 27 (1989): LAPACK's dlatrd.
Tridiagonal tridiagonalise(Matrix a, const Communicator& comm, ThreadPool& pool);

/// Columns that are transformed back together, by the number of all that are wanted: fixed, because another width may
/// give other bits.
std::int64_t columns_together(std::int64_t wanted);

/// Replaces Z by Q Z for this rank's columns of Z (n x own), columns [own.begin, own.end) of `wanted` ones, which begin
/// and end at multiples of columns_together(wanted). 2 n^2 flops a column, in GEMM (compact WY: Schreiber, Van Loan,
/// SIAM J. Sci. Stat. Comput. 10, 1989). Local.
void transform_back(const Tridiagonal& t, double* z, RowRange own, std::int64_t wanted, ThreadPool& pool);

}  // namespace coterie
