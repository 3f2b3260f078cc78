#include "tridiagonal.hpp"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace coterie::inline reduction {
namespace {

/// Columns of one panel. 64 would make the GEMMs a tenth faster and the products inside a panel twice as long.
constexpr std::int64_t kPanel = 32;
/// Columns of one tile, the unit that is dealt out; a multiple of the panel, so that a panel has one owner.
constexpr std::int64_t kTile = 64;
/// Tile c belongs to share c mod 8: all shares shrink alike.
constexpr std::int64_t kShares = 8;
/// Below so many columns messages and waking threads cost more than they save.
constexpr std::int64_t kAloneBelow = 512;
constexpr std::int64_t kWakeFrom = 384;

/// Four doubles that the compiler keeps in one vector register where there is one; each lane has its own order of
/// addition, so the bits do not depend on the machine.
using Lanes = double __attribute__((vector_size(32)));

Lanes load(const double* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

/// y += A x and y_k += A_k' x for four columns of the lower triangle, rows [first, rows): the matrix is read once.
void four_columns(const double* a, std::int64_t stride, std::int64_t first, std::int64_t rows, const double* x,
                  const double* xk, double* y, double* yk) {
  const double *a0 = a, *a1 = a + stride, *a2 = a + 2 * stride, *a3 = a + 3 * stride;
  const Lanes x0 = {xk[0], xk[0], xk[0], xk[0]}, x1 = {xk[1], xk[1], xk[1], xk[1]};
  const Lanes x2 = {xk[2], xk[2], xk[2], xk[2]}, x3 = {xk[3], xk[3], xk[3], xk[3]};
  Lanes s0{}, s1{}, s2{}, s3{};
  std::int64_t i = first;
  for (; i + 4 <= rows; i += 4) {
    const Lanes b0 = load(a0 + i), b1 = load(a1 + i), b2 = load(a2 + i), b3 = load(a3 + i), xi = load(x + i);
    const Lanes yi = load(y + i) + ((b0 * x0 + b1 * x1) + (b2 * x2 + b3 * x3));
    s0 += b0 * xi, s1 += b1 * xi, s2 += b2 * xi, s3 += b3 * xi;
    std::memcpy(y + i, &yi, sizeof yi);
  }
  for (; i < rows; ++i) {
    y[i] += (a0[i] * xk[0] + a1[i] * xk[1]) + (a2[i] * xk[2] + a3[i] * xk[3]);
    s0[0] += a0[i] * x[i], s1[0] += a1[i] * x[i], s2[0] += a2[i] * x[i], s3[0] += a3[i] * x[i];
  }
  yk[0] += (s0[0] + s0[1]) + (s0[2] + s0[3]), yk[1] += (s1[0] + s1[1]) + (s1[2] + s1[3]);
  yk[2] += (s2[0] + s2[1]) + (s2[2] + s2[3]), yk[3] += (s3[0] + s3[1]) + (s3[2] + s3[3]);
}

/// The part of y = A x that columns [begin, end) of A's lower triangle give.
void symmetric_product(const Matrix& a, RowRange columns, const double* x, double* y) {
  const std::int64_t n = a.rows;
  std::int64_t k = columns.begin;
  for (; k + 4 <= columns.end; k += 4) {
    const double* block = a.data.data() + k * n;
    for (std::int64_t j = k; j < k + 4; ++j) {
      const double* column = a.data.data() + j * n;
      y[j] += column[j] * x[j];
      for (std::int64_t i = j + 1; i < k + 4; ++i) y[i] += column[i] * x[j], y[j] += column[i] * x[i];
    }
    four_columns(block, n, k + 4, n, x, x + k, y, y + k);
  }
  for (; k < columns.end; ++k) {
    const double* column = a.data.data() + k * n;
    double sum = column[k] * x[k];
    for (std::int64_t i = k + 1; i < n; ++i) y[i] += column[i] * x[k], sum += column[i] * x[i];
    y[k] += sum;
  }
}

class Reduction {
 public:
  Reduction(Matrix a, const Communicator& comm, ThreadPool& pool)
      : n_(a.rows),
        alone_(comm.size() == 1 || a.rows < kAloneBelow),
        comm_(comm),
        pool_(pool),
        own_(alone_ ? RowRange{0, kShares} : RowPartition(kShares, 1, comm.size()).blocks_of(comm.rank())),
        // Where the ranks' shares are whole subtrees of the sum, each sends its sum alone.
        group_(alone_                       ? kShares
               : kShares % comm.size() == 0 ? kShares / comm.size()
                                            : 1),
        a_(std::move(a)) {
    const auto n = static_cast<std::size_t>(n_);
    result_.diagonal.resize(n), result_.off_diagonal.resize(n - 1), result_.q.tau.resize(n);
    panel_.resize(3 * n * kPanel), partial_.resize(n * kShares), exchange_.resize(n * kPanel);
  }

  Tridiagonal run() {
    for (std::int64_t first = 0; first < n_; first += kPanel) {
      const std::int64_t count = std::min(kPanel, n_ - first);
      share_columns(first, count);
      std::fill(panel_.begin(), panel_.end(), 0.0);
      for (std::int64_t k = 0; k < count; ++k) reduce_column(first, k);
      if (first + count < n_) update(first + count);
    }
    for (std::int64_t j = 0; j < n_; ++j) std::fill_n(a_.data.data() + j * n_, j + 1, 0.0);
    result_.q.vectors = std::move(a_);
    return std::move(result_);
  }

 private:
  double* column(std::int64_t j) { return a_.data.data() + j * n_; }
  /// The panel's vectors lie as V | W | V, n x 32 each: [V W] and [W V] are both one matrix.
  double* v(std::int64_t k) { return panel_.data() + k * n_; }
  double* w(std::int64_t k) { return v(k + kPanel); }
  double* v_again(std::int64_t k) { return v(k + 2 * kPanel); }

  /// Gives all ranks the columns of a panel, which only the owner of their tile has kept up to date.
  void share_columns(std::int64_t first, std::int64_t count) {
    if (alone_) return;
    const std::int64_t rows = n_ - first;
    const int owner = RowPartition(kShares, 1, comm_.size()).owner_of(first / kTile % kShares);
    if (comm_.rank() == owner)
      for (std::int64_t k = 0; k < count; ++k)
        std::copy_n(column(first + k) + first, rows, exchange_.data() + k * rows);
    comm_.broadcast(std::span(exchange_.data(), static_cast<std::size_t>(rows * count)), owner);
    for (std::int64_t k = 0; k < count; ++k) std::copy_n(exchange_.data() + k * rows, rows, column(first + k) + first);
  }

  /// Brings column j = first + k up to date, makes its reflector v, and w such that the panel's reflectors change the
  /// matrix to A - V W' - W V'.
  void reduce_column(std::int64_t first, std::int64_t k) {
    const std::int64_t j = first + k;
    const int n = static_cast<int>(n_), rows = static_cast<int>(n_ - j), done = static_cast<int>(k);
    double* a = column(j);
    if (k > 0) {
      cblas_dgemv(CblasColMajor, CblasNoTrans, rows, done, -1, v(0) + j, n, w(0) + j, n, 1, a + j, 1);
      cblas_dgemv(CblasColMajor, CblasNoTrans, rows, done, -1, w(0) + j, n, v(0) + j, n, 1, a + j, 1);
    }
    const auto at = static_cast<std::size_t>(j);
    result_.diagonal[at] = a[j];
    if (j + 1 == n_) return;
    const double tau = make_reflector(a + j + 1, n_ - j - 1, result_.off_diagonal[at]);
    result_.q.tau[at] = tau;
    std::copy_n(a + j + 1, n_ - j - 1, v(k) + j + 1);
    std::copy_n(a + j + 1, n_ - j - 1, v_again(k) + j + 1);
    if (tau == 0) return;  // w stays zero
    product(j + 1, v(k), w(k));
    finish_w(j + 1, k, tau);
  }

  /// x becomes v with v_0 = 1, H x = (beta, 0 ... 0).
  static double make_reflector(double* x, std::int64_t size, double& beta) {
    const double rest = cblas_dnrm2(static_cast<int>(size - 1), x + 1, 1), alpha = x[0];
    x[0] = 1;
    beta = alpha;
    if (rest == 0) return 0;
    beta = -std::copysign(std::hypot(alpha, rest), alpha);
    for (std::int64_t i = 1; i < size; ++i) x[i] /= alpha - beta;
    return (beta - alpha) / beta;
  }

  /// w = A v over rows and columns [begin, n).
  void product(std::int64_t begin, const double* x, double* y) {
    const auto one_share = [&](std::int64_t s, int) {
      const std::int64_t share = own_.begin + s;
      double* sum = partial_.data() + share * n_;
      std::fill(sum + begin, sum + n_, 0.0);
      const std::int64_t tile = begin / kTile;
      for (std::int64_t c = tile + (share - tile % kShares + kShares) % kShares; c * kTile < n_; c += kShares)
        symmetric_product(a_, {std::max(c * kTile, begin), std::min((c + 1) * kTile, n_)}, x, sum);
    };
    if (n_ - begin >= kWakeFrom && pool_.threads() > 1) {
      pool_.for_each(own_.size(), one_share);
    } else {
      for (std::int64_t s = 0; s < own_.size(); ++s) one_share(s, 0);
    }
    add_shares(begin, y);
  }

  /// Sums the shares over a fixed binary tree; those of other ranks arrive in between.
  void add_shares(std::int64_t begin, double* y) {
    const auto add = [&](RowRange shares, std::int64_t from, std::int64_t to) {
      for (std::int64_t step = from; step < to; step *= 2)
        for (std::int64_t s = shares.begin; s + step < shares.end; s += 2 * step) {
          double* left = partial_.data() + s * n_;
          const double* right = left + step * n_;
          for (std::int64_t i = begin; i < n_; ++i) left[i] += right[i];
        }
    };
    add(own_, 1, group_);
    for (int rank = 0; !alone_ && rank < comm_.size(); ++rank) {
      const RowRange theirs = RowPartition(kShares, 1, comm_.size()).blocks_of(rank);
      for (std::int64_t s = theirs.begin; s < theirs.end; s += group_)
        comm_.broadcast(std::span(partial_.data() + s * n_ + begin, static_cast<std::size_t>(n_ - begin)), rank);
    }
    add({0, kShares}, group_, kShares);
    std::copy_n(partial_.data() + begin, n_ - begin, y + begin);
  }

  void finish_w(std::int64_t begin, std::int64_t k, double tau) {
    const int n = static_cast<int>(n_), rows = static_cast<int>(n_ - begin), done = static_cast<int>(k);
    const double* x = v(k) + begin;
    double* y = w(k) + begin;
    std::array<double, kPanel> wx{}, vx{};
    if (k > 0) {
      cblas_dgemv(CblasColMajor, CblasTrans, rows, done, 1, w(0) + begin, n, x, 1, 0, wx.data(), 1);
      cblas_dgemv(CblasColMajor, CblasTrans, rows, done, 1, v(0) + begin, n, x, 1, 0, vx.data(), 1);
      cblas_dgemv(CblasColMajor, CblasNoTrans, rows, done, -1, v(0) + begin, n, wx.data(), 1, 1, y, 1);
      cblas_dgemv(CblasColMajor, CblasNoTrans, rows, done, -1, w(0) + begin, n, vx.data(), 1, 1, y, 1);
    }
    cblas_dscal(rows, tau, y, 1);
    cblas_daxpy(rows, -0.5 * tau * cblas_ddot(rows, y, 1, x, 1), x, 1, y, 1);
  }

  /// A -= V W' + W V' in the own tiles behind the panel. Above the diagonal a tile holds nothing that is read.
  void update(std::int64_t begin) {
    const std::int64_t first = begin / kTile, tiles = (n_ + kTile - 1) / kTile - first;
    pool_.for_each(tiles, [&](std::int64_t t, int) {
      const std::int64_t c = first + t, share = c % kShares;
      if (share < own_.begin || share >= own_.end) return;
      const std::int64_t row = std::max(c * kTile, begin);
      const int n = static_cast<int>(n_), rows = static_cast<int>(n_ - row);
      const int columns = static_cast<int>(std::min((c + 1) * kTile, n_) - row);
      cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, rows, columns, 2 * kPanel, -1, v(0) + row, n, w(0) + row, n,
                  1, column(row) + row, n);
    });
  }

  const std::int64_t n_;
  const bool alone_;
  const Communicator& comm_;
  ThreadPool& pool_;
  const RowRange own_;        ///< shares
  const std::int64_t group_;  ///< shares that a rank sums before it sends
  Matrix a_;
  Tridiagonal result_;
  std::vector<double> panel_, partial_, exchange_;
};

}  // namespace

Tridiagonal tridiagonalise(Matrix a, const Communicator& comm, ThreadPool& pool) {
  return Reduction(std::move(a), comm, pool).run();
}

}  // namespace coterie::inline reduction
