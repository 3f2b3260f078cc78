#pragma once

#include <cstdint>
#include <functional>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/reduction/fixed_tree.hpp"

namespace coterie::inline reduction {

/// A tall matrix A, N x D, given by a function that writes some of its rows, row-major, as double. Called from
/// several threads at once. At most 32,768 columns (LAPACK's int), or fewer rows than columns and 2^31 numbers.
struct TallMatrix {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::function<void(RowRange rows, double* out)> read;
};

/// The leaves of tsqr and gram: at least 1024 rows each and at least as many as there are columns, which keeps merges
/// triangular. A rank reads its own leaves' rows and no others. Throws InvalidArgument for a matrix without rows, or
/// with more columns than 32,768 and not more of them than rows.
RowPartition tsqr_leaves(std::int64_t rows, std::int64_t columns, int ranks);

/// The R of A = QR, min(N, D) x D, by tall-skinny QR: a QR of each leaf of rows, then QRs of two stacked Rs up one
/// fixed tree, so that the bits are the same on any number of ranks and threads. Q is never formed. Backward stable:
/// R is the exact factor of a matrix within a few eps * |A| of A, however ill-conditioned A is.
///
/// With N >= D, R is upper triangular with a diagonal >= 0. Parts with fewer rows than columns are stacked, not
/// factored, so with N < D the result is A itself (which serves a singular value decomposition as well).
///
/// Flops: 2 N D^2, whatever the tree, since a merge of two triangles costs 2/3 D^3. Memory on a rank: about
/// 16 D^2 + 8 D^2 log2(leaves) bytes for each leaf in hand; as many are as `memory_bytes` and the threads allow, at
/// least one. Messages: those of fold_tree, of 8 D^2 bytes.
///
/// Collective. Returns R on rank 0, an empty matrix elsewhere.
/// Source: Demmel, Grigori, Hoemmen, Langou, "Communication-optimal parallel and sequential QR and LU
/// factorizations", SIAM J. Sci. Comput. 34 (2012).
Matrix tsqr(const TallMatrix& a, std::int64_t memory_bytes, const Communicator& comm, ThreadPool& pool,
            const ShareDone& on_share = {});

/// A'A, D x D, both triangles, by sums of leaves over the same fixed tree: half of tsqr's flops (N D^2), all of them
/// in GEMM, but the eigenvalues of A'A carry an absolute error of eps * |A|^2, so singular values below
/// sqrt(eps) * |A| (1.5e-8) are lost. Memory, messages and ranks as for tsqr. At most 32,768 columns.
Matrix gram(const TallMatrix& a, std::int64_t memory_bytes, const Communicator& comm, ThreadPool& pool,
            const ShareDone& on_share = {});

}  // namespace coterie::inline reduction
