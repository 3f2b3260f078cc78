#pragma once

#include <vector>

#include "reflectors.hpp"

namespace coterie::inline reduction {

/// A = Q T Q' with T tridiagonal.
struct Tridiagonal {
  std::vector<double> diagonal;      ///< size n
  std::vector<double> off_diagonal;  ///< size n - 1
  Reflectors q;                      ///< n of them: v_j begins with a 1 in row j + 1, the last tau is 0
};

/// A symmetric matrix in its lower triangle, the same on every rank; overwritten. 4/3 n^3 flops: half of them in GEMM,
/// half in products of the shrinking matrix with one vector, which read n^3 / 6 doubles from memory. Both are shared
/// out in 8 fixed shares of columns to threads and ranks: the bits are the same on any number. Messages: n of 8 n bytes
/// a rank (from 512 columns on; smaller ones every rank does alone), and n / 32 of 256 n bytes. Collective.
///
/// Source: Dongarra, Sorensen, Hammarling, "Block reduction of matrices to condensed forms for eigenvalue
/// computations", J. Comput. Appl. Math. 27 (1989): LAPACK's dlatrd.
Tridiagonal tridiagonalise(Matrix a, const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline reduction
