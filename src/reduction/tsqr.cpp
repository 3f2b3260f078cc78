#include "coterie/reduction/tsqr.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>

#include "coterie/base/errors.hpp"

namespace coterie::inline reduction {
namespace {

/// Smallest leaf: below this the calls cost more than the work. Leaves of D rows or more keep the merges triangular.
constexpr std::int64_t kLeastLeafRows = 1024;
constexpr std::int64_t kChunkRows = 256;
/// LAPACK counts its workspace, D^2 and more, in 32-bit ints; a leaf has fewer than 2 D rows.
constexpr std::int64_t kMostColumns = 32'768;
/// Of a matrix with more columns than that, which is only handed on.
constexpr std::int64_t kMostNumbers = std::int64_t{1} << 31;

Matrix zeros(std::int64_t rows, std::int64_t columns) {
  return {rows, columns, std::vector<double>(static_cast<std::size_t>(rows * columns))};
}

/// Width of a panel. Measured at D = 2048 (AVX2, OpenBLAS 0.3.21, GEMM at 39 GFLOP/s): 32 columns give 20 GFLOP/s,
/// 64 give 24, 128 give 29; narrow matrices want narrow panels.
int panel_columns(std::int64_t columns) { return static_cast<int>(std::clamp<std::int64_t>(columns / 16, 8, 128)); }

void check(int info, const char* call) {
  if (info != 0) throw Error(fmt::format("{} failed with info = {}", call, info));
}

/// A leaf's rows as one column-major matrix.
Matrix read_leaf(const TallMatrix& a, RowRange rows) {
  Matrix leaf = zeros(rows.size(), a.columns);
  std::vector<double> chunk(static_cast<std::size_t>(std::min(kChunkRows, rows.size()) * a.columns));
  constexpr std::int64_t kTile = 16;  // columns of a tile stay in cache while its rows are turned
  for (std::int64_t first = 0; first < rows.size(); first += kChunkRows) {
    const std::int64_t count = std::min(kChunkRows, rows.size() - first);
    a.read({rows.begin + first, rows.begin + first + count}, chunk.data());
    for (std::int64_t j0 = 0; j0 < a.columns; j0 += kTile)
      for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t j = j0; j < std::min(j0 + kTile, a.columns); ++j)
          leaf.data[static_cast<std::size_t>(j * leaf.rows + first + i)] =
              chunk[static_cast<std::size_t>(i * a.columns + j)];
  }
  return leaf;
}

Matrix stack(const Matrix& top, const Matrix& bottom) {
  Matrix both = zeros(top.rows + bottom.rows, top.columns);
  for (std::int64_t j = 0; j < top.columns; ++j) {
    double* column = both.data.data() + j * both.rows;
    std::copy_n(top.data.data() + j * top.rows, top.rows, column);
    std::copy_n(bottom.data.data() + j * bottom.rows, bottom.rows, column + top.rows);
  }
  return both;
}

/// R of a matrix with at least as many rows as columns; one with fewer is left as it is.
Matrix factor(Matrix a) {
  if (a.rows < a.columns) return a;
  const int m = static_cast<int>(a.rows), n = static_cast<int>(a.columns), nb = std::min(panel_columns(n), n);
  std::vector<double> t(static_cast<std::size_t>(nb) * static_cast<std::size_t>(n)), work(t.size());
  check(LAPACKE_dgeqrt_work(LAPACK_COL_MAJOR, m, n, nb, a.data.data(), m, t.data(), nb, work.data()), "dgeqrt");
  Matrix r = zeros(n, n);
  for (std::int64_t j = 0; j < n; ++j) std::copy_n(a.data.data() + j * m, j + 1, r.data.data() + j * n);
  return r;
}

/// R of two stacked factors. Below a triangle, a triangle (all of its zeros are skipped) or a few full rows.
Matrix merge(Matrix top, Matrix bottom) {
  if (top.rows < top.columns) return factor(stack(top, bottom));
  const int n = static_cast<int>(top.columns), m = static_cast<int>(bottom.rows);
  const int triangle = m == n ? n : 0, nb = std::min(std::min(panel_columns(n), 64), n);
  std::vector<double> t(static_cast<std::size_t>(nb) * static_cast<std::size_t>(n)), work(t.size());
  check(LAPACKE_dtpqrt_work(LAPACK_COL_MAJOR, m, n, triangle, nb, top.data.data(), n, bottom.data.data(), m, t.data(),
                            nb, work.data()),
        "dtpqrt");
  return top;
}

void make_diagonal_positive(Matrix& r) {
  for (std::int64_t i = 0; i < std::min(r.rows, r.columns); ++i)
    if (r.data[static_cast<std::size_t>(i * r.rows + i)] < 0)
      for (std::int64_t j = i; j < r.columns; ++j) {
        double& x = r.data[static_cast<std::size_t>(j * r.rows + i)];
        x = -x;
      }
}

/// Sums up A'A. Matrices that were added to another serve again: the system would have to clear fresh ones.
class GramSum {
 public:
  explicit GramSum(const TallMatrix& a) : a_(a) {}

  /// Upper triangle of A'A of one leaf's rows, anything below it; row-major rows are columns to BLAS, so no turning is
  /// needed.
  Matrix leaf(RowRange rows) {
    const int n = static_cast<int>(a_.columns);
    Matrix sum = take();
    std::vector<double> chunk(static_cast<std::size_t>(kChunkRows * n));
    for (std::int64_t first = rows.begin; first < rows.end; first += kChunkRows) {
      const RowRange part{first, std::min(first + kChunkRows, rows.end)};
      a_.read(part, chunk.data());
      cblas_dsyrk(CblasColMajor, CblasUpper, CblasNoTrans, n, static_cast<int>(part.size()), 1.0, chunk.data(), n,
                  first == rows.begin ? 0.0 : 1.0, sum.data.data(), n);
    }
    return sum;
  }

  Matrix add(Matrix left, Matrix right) {
    for (std::int64_t j = 0; j < left.columns; ++j) {
      double* to = left.data.data() + j * left.rows;
      const double* from = right.data.data() + j * left.rows;
      for (std::int64_t i = 0; i <= j; ++i) to[i] += from[i];
    }
    const std::lock_guard lock(mutex_);
    spare_.push_back(std::move(right));
    return left;
  }

 private:
  Matrix take() {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return zeros(a_.columns, a_.columns);
    Matrix matrix = std::move(spare_.back());
    spare_.pop_back();
    return matrix;
  }

  const TallMatrix& a_;
  std::mutex mutex_;
  std::vector<Matrix> spare_;
};

/// Copies the upper triangle to the lower one, tile by tile: a whole column at a time would touch a page for each
/// entry.
void mirror(Matrix& sum) {
  constexpr std::int64_t kTile = 32;
  const std::int64_t n = sum.rows;
  for (std::int64_t j0 = 0; j0 < n; j0 += kTile)
    for (std::int64_t i0 = 0; i0 <= j0; i0 += kTile)
      for (std::int64_t j = j0; j < std::min(j0 + kTile, n); ++j)
        for (std::int64_t i = i0; i < std::min(i0 + kTile, j); ++i)
          sum.data[static_cast<std::size_t>(i * n + j)] = sum.data[static_cast<std::size_t>(j * n + i)];
}

/// How many leaves fit the memory at once: each its rows or chunk, and a D x D matrix for each level of the tree.
int leaves_at_once(const TallMatrix& a, const RowPartition& leaves, std::int64_t memory_bytes, const ThreadPool& pool) {
  const std::int64_t levels = std::bit_width(static_cast<std::uint64_t>(leaves.blocks())) + 2;
  const auto each = 8.0 * static_cast<double>(a.columns) *
                    (static_cast<double>(leaves.block(0).size()) + static_cast<double>(levels * a.columns));
  return static_cast<int>(std::clamp(static_cast<double>(memory_bytes) / each, 1.0, double(pool.threads())));
}

}  // namespace

RowPartition tsqr_leaves(std::int64_t rows, std::int64_t columns, int ranks) {
  const bool handed_on =
      rows <= kMostColumns && rows < columns && columns < kMostNumbers / std::max(rows, std::int64_t{1});
  require(rows >= 1 && columns >= 1 && (columns <= kMostColumns || handed_on),
          "a matrix of {} x {} cannot be factored: it needs a row, and 1 to {} columns", rows, columns, kMostColumns);
  return tree_leaves(rows, std::max(kLeastLeafRows, columns), ranks);
}

Matrix tsqr(const TallMatrix& a, std::int64_t memory_bytes, const Communicator& comm, ThreadPool& pool,
            const ShareDone& on_share) {
  const RowPartition leaves = tsqr_leaves(a.rows, a.columns, comm.size());
  Matrix r = fold_tree(
      leaves, leaves_at_once(a, leaves, memory_bytes, pool), [&](RowRange rows) { return factor(read_leaf(a, rows)); },
      merge, comm, pool, on_share);
  if (r.rows == r.columns) make_diagonal_positive(r);
  return r;
}

Matrix gram(const TallMatrix& a, std::int64_t memory_bytes, const Communicator& comm, ThreadPool& pool,
            const ShareDone& on_share) {
  require(a.columns <= kMostColumns, "a covariance matrix of {} columns is too large; at most {}", a.columns,
          kMostColumns);
  const RowPartition leaves = tsqr_leaves(a.rows, a.columns, comm.size());
  GramSum parts(a);
  Matrix sum = fold_tree(
      leaves, leaves_at_once(a, leaves, memory_bytes, pool), [&](RowRange rows) { return parts.leaf(rows); },
      [&](Matrix left, Matrix right) { return parts.add(std::move(left), std::move(right)); }, comm, pool, on_share);
  mirror(sum);
  return sum;
}

}  // namespace coterie::inline reduction
