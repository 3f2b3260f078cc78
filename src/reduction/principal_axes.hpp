#pragma once

#include <cstdint>
#include <functional>

#include "coterie/reduction/tsqr.hpp"

namespace coterie::inline reduction {

/// Singular values (min(N, D), descending; of approximate solvers only the kept ones) and right singular vectors
/// (columns of `vectors`, D x kept) of A. The numbers are those of one fixed sequence of LAPACK calls; equal on every
/// rank.
struct PrincipalAxes {
  std::vector<double> singular_values;
  Matrix vectors;
  double error_bound = 0;  ///< see Pca::error_bound
  double squares = -1;     ///< the sum of all squared singular values, where singular_values are not all; else -1
};

/// `keep` is given all singular values and says how many vectors are wanted; called on every rank with the same values.
using KeepCount = std::function<std::int64_t(const std::vector<double>& singular_values)>;

/// From the eigenproblem of a symmetric matrix of inner products, of which every rank holds the lower triangle:
/// A'A, whose eigenvectors are A's right singular vectors, or AA' with the left ones. `most`, min(N, D), is how many
/// singular values A has. 8/3 n^3 + 3 n^2 kept flops, all of them shared by ranks and threads; 40 n^2 bytes on each
/// rank. Collective.
PrincipalAxes axes_of_symmetric(Matrix products, std::int64_t most, const KeepCount& keep, const Communicator& comm,
                                ThreadPool& pool);

/// The same where only rank 0 has the matrix: it is broadcast first.
PrincipalAxes axes_of_gram(Matrix gram, std::int64_t most, const KeepCount& keep, const Communicator& comm,
                           ThreadPool& pool);

/// From the singular value decomposition of R (see tsqr), without its left vectors. Serial on rank 0: reduction to
/// bidiagonal form (8/3 D^3 flops) and divide and conquer. With N rows and more than 32,768 columns, an LQ
/// factorisation comes before (2 N^2 D flops, and 2 N D kept to go back). Collective.
PrincipalAxes axes_of_factor(Matrix r, const KeepCount& keep, const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline reduction
