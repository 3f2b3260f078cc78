#include "divide_and_conquer.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "coterie/base/errors.hpp"

// The parts of LAPACK's dstedc that are not in its C interface: deflation, one root of the secular equation, and the
// merge of two sorted lists. What lies between them (dlaed3) is here, since LAPACK's computes every vector, on one
// thread.
extern "C" {
void dlaed2_(int* k, const int* n, const int* n1, double* d, double* q, const int* ldq, int* indxq, double* rho,
             double* z, double* dlamda, double* w, double* q2, int* indx, int* indxc, int* indxp, int* coltyp,
             int* info);
void dlaed4_(const int* n, const int* i, const double* d, const double* z, double* delta, const double* rho,
             double* dlam, int* info);
void dlamrg_(const int* n1, const int* n2, const double* a, const int* dtrd1, const int* dtrd2, int* index);
}

namespace coterie::inline reduction {
namespace {

/// Smaller parts are solved by QR iteration.
constexpr std::int64_t kLeafColumns = 32;
/// Columns that are made together: GEMM packs the other factor anew for each block, which 64 would pay for twice as
/// often.
constexpr std::int64_t kBlockColumns = 128;
/// Smaller merges every rank does alone.
constexpr std::int64_t kAloneBelow = 512;

void check(int info, const char* call) {
  if (info != 0) throw Error(fmt::format("{} failed with info = {}", call, info));
}

/// Two neighbouring parts, [begin, cut) and [cut, end).
struct Merge {
  std::int64_t begin, cut, end;
};

/// The state of one merge after deflation: k roots remain of `size`.
struct Secular {
  int k = 0, above = 0, below = 0;  ///< rows of the upper and lower part
  double rho = 0;
  std::vector<double> poles, z, q2;
  std::vector<double> exact_z;            ///< of which the roots found are the exact roots
  std::vector<int> order, counts;         ///< which pole a row of the vectors belongs to (from 1); columns by kind
  std::vector<std::vector<double>> gaps;  ///< poles - root j, size k, of the roots that this rank found
};

class Solver {
 public:
  Solver(std::vector<double> d, std::vector<double> e, const Communicator& comm, ThreadPool& pool)
      : n_(std::ssize(d)), d_(std::move(d)), e_(std::move(e)), order_(d_.size()), comm_(comm), pool_(pool) {}

  TridiagonalVectors run(const std::function<std::int64_t(const std::vector<double>&)>& want,
                         const std::function<std::int64_t(std::int64_t)>& together) {
    scale();
    q_ = {n_, n_, std::vector<double>(static_cast<std::size_t>(n_ * n_))};
    split(0, n_);
    solve_leaves();
    Secular last;
    for (const Merge& merge : merges_) {
      Secular secular = deflate(merge);
      find_roots(secular, merge);
      const int roots = secular.k;
      if (merge.end - merge.begin == n_) {
        last = std::move(secular);
      } else {
        make_all_vectors(secular, merge);
      }
      put_in_order(merge, roots);
    }
    return collect(last, want, together);
  }

 private:
  double* q(std::int64_t row, std::int64_t column) { return q_.data.data() + column * n_ + row; }

  /// To entries of at most 1, as dstedc does.
  void scale() {
    for (const double x : d_) norm_ = std::max(norm_, std::abs(x));
    for (const double x : e_) norm_ = std::max(norm_, std::abs(x));
    for (double& x : d_) x /= norm_ > 0 ? norm_ : 1;
    for (double& x : e_) x /= norm_ > 0 ? norm_ : 1;
  }

  /// Tears the matrix into leaves by rank-one corrections and lists the merges, inner ones first.
  void split(std::int64_t begin, std::int64_t end) {
    if (end - begin <= kLeafColumns) return leaves_.push_back({begin, end});
    const std::int64_t cut = begin + (end - begin) / 2;
    const double corner = std::abs(e_[static_cast<std::size_t>(cut - 1)]);
    d_[static_cast<std::size_t>(cut - 1)] -= corner;
    d_[static_cast<std::size_t>(cut)] -= corner;
    split(begin, cut);
    split(cut, end);
    merges_.push_back({begin, cut, end});
  }

  void solve_leaves() {
    pool_.for_each(std::ssize(leaves_), [&](std::int64_t l, int) {
      const auto [begin, end] = leaves_[static_cast<std::size_t>(l)];
      std::vector<double> e(e_.begin() + begin, e_.begin() + std::max(begin, end - 1));
      e.push_back(0);
      check(LAPACKE_dsteqr(LAPACK_COL_MAJOR, 'I', static_cast<int>(end - begin), d_.data() + begin, e.data(),
                           q(begin, begin), static_cast<int>(n_)),
            "dsteqr");
      std::iota(order_.begin() + begin, order_.begin() + end, 1);
    });
  }

  Secular deflate(const Merge& merge) {
    const int n = static_cast<int>(merge.end - merge.begin), above = static_cast<int>(merge.cut - merge.begin);
    const auto size = static_cast<std::size_t>(n);
    Secular s{.above = above, .below = n - above, .rho = e_[static_cast<std::size_t>(merge.cut - 1)]};
    s.poles.resize(size), s.z.resize(size), s.order.resize(size), s.counts.resize(size);
    s.q2.resize(size * size);  // dlaed2 keeps deflated columns there, too, at full length
    std::vector<double> row(size);
    for (int j = 0; j < n; ++j)
      row[static_cast<std::size_t>(j)] = *q(j < above ? merge.cut - 1 : merge.cut, merge.begin + j);
    std::vector<int> index(size), places(size);
    const int stride = static_cast<int>(n_);
    int info = 0;
    dlaed2_(&s.k, &n, &above, d_.data() + merge.begin, q(merge.begin, merge.begin), &stride,
            order_.data() + merge.begin, &s.rho, row.data(), s.poles.data(), s.z.data(), s.q2.data(), index.data(),
            s.order.data(), places.data(), s.counts.data(), &info);
    check(info, "dlaed2");
    return s;
  }

  bool shared(const Secular& s) const { return comm_.size() > 1 && s.k >= kAloneBelow; }
  RowPartition blocks(const Secular& s) const { return {s.k, kBlockColumns, shared(s) ? comm_.size() : 1}; }
  RowRange own_roots(const Secular& s) const { return blocks(s).rows_of(shared(s) ? comm_.rank() : 0); }

  static double root(const Secular& s, std::int64_t j, std::vector<double>& gaps) {
    double value = 0;
    const int number = static_cast<int>(j + 1);
    int info = 0;
    gaps.resize(static_cast<std::size_t>(s.k));
    dlaed4_(&s.k, &number, s.poles.data(), s.z.data(), gaps.data(), &s.rho, &value, &info);
    check(info, "dlaed4");
    return value;
  }

  /// Finds all roots, and the z for which they are exact: what makes the vectors orthogonal (Gu and Eisenstat).
  void find_roots(Secular& s, const Merge& merge) {
    const auto k = static_cast<std::size_t>(s.k);
    if (s.k == 0) return;
    const RowRange own = own_roots(s);
    const std::int64_t own_blocks = (own.size() + kBlockColumns - 1) / kBlockColumns;
    std::vector<double> roots(static_cast<std::size_t>(own.size()));
    std::vector<double> products(static_cast<std::size_t>(own_blocks) * k, 1.0);
    s.gaps.resize(static_cast<std::size_t>(own.size()));
    const auto find = [&] {
      pool_.for_each(own_blocks, [&](std::int64_t b, int) {
        double* product = products.data() + static_cast<std::size_t>(b) * k;
        for (std::int64_t j = b * kBlockColumns; j < std::min((b + 1) * kBlockColumns, own.size()); ++j) {
          auto& gaps = s.gaps[static_cast<std::size_t>(j)];
          roots[static_cast<std::size_t>(j)] = root(s, own.begin + j, gaps);
          const auto pole = static_cast<std::size_t>(own.begin + j);
          for (std::size_t i = 0; i < pole; ++i) product[i] *= gaps[i] / (s.poles[i] - s.poles[pole]);
          product[pole] *= gaps[pole];
          for (std::size_t i = pole + 1; i < k; ++i) product[i] *= gaps[i] / (s.poles[i] - s.poles[pole]);
        }
      });
    };
    if (shared(s)) {
      comm_.together(find);
      roots = comm_.gather_all(std::span<const double>(roots));
      products = comm_.gather_all(std::span<const double>(products));
    } else {
      find();
    }
    std::copy(roots.begin(), roots.end(), d_.begin() + merge.begin);
    s.exact_z.resize(k);
    for (std::size_t i = 0; s.k > 2 && i < k; ++i) {
      double product = products[i];
      for (std::size_t b = 1; b < products.size() / k; ++b) product *= products[b * k + i];
      s.exact_z[i] = std::copysign(std::sqrt(-product), s.z[i]);
    }
  }

  /// The vectors of some roots, as rows [begin, end) x columns at `out`.
  void make_vectors(const Secular& s, const std::vector<std::int64_t>& roots, RowRange own, double* out,
                    std::int64_t stride) const {
    const auto k = static_cast<std::size_t>(s.k);
    const int columns = static_cast<int>(roots.size()), rows = s.k, step = static_cast<int>(stride);
    std::vector<double> small(k * roots.size()), vector(k), again;
    for (std::size_t c = 0; c < roots.size(); ++c) {
      const std::int64_t j = roots[c];
      const bool known = j >= own.begin && j < own.end;
      if (!known) root(s, j, again);
      const auto& gaps = known ? s.gaps[static_cast<std::size_t>(j - own.begin)] : again;
      for (std::size_t i = 0; i < k; ++i) vector[i] = s.k > 2 ? s.exact_z[i] / gaps[i] : gaps[i];
      const double length = cblas_dnrm2(rows, vector.data(), 1);
      for (std::size_t i = 0; i < k; ++i) small[c * k + i] = vector[static_cast<std::size_t>(s.order[i] - 1)] / length;
    }
    const int upper = s.counts[0] + s.counts[1], lower = s.counts[1] + s.counts[2];
    const double* q2_below = s.q2.data() + static_cast<std::int64_t>(s.above) * upper;
    if (upper > 0) {
      cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, s.above, columns, upper, 1, s.q2.data(), s.above,
                  small.data(), rows, 0, out, step);
    } else {
      for (int c = 0; c < columns; ++c) std::fill_n(out + c * stride, s.above, 0.0);
    }
    if (lower > 0) {
      cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, s.below, columns, lower, 1, q2_below, s.below,
                  small.data() + s.counts[0], rows, 0, out + s.above, step);
    } else {
      for (int c = 0; c < columns; ++c) std::fill_n(out + s.above + c * stride, s.below, 0.0);
    }
  }

  void make_all_vectors(const Secular& s, const Merge& merge) {
    if (s.k == 0) return;
    const RowPartition parts = blocks(s);
    const RowRange own = own_roots(s);
    const std::int64_t size = merge.end - merge.begin, own_blocks = (own.size() + kBlockColumns - 1) / kBlockColumns;
    pool_.for_each(own_blocks, [&](std::int64_t b, int) {
      std::vector<std::int64_t> roots;
      for (std::int64_t j = b * kBlockColumns; j < std::min((b + 1) * kBlockColumns, own.size()); ++j)
        roots.push_back(own.begin + j);
      make_vectors(s, roots, own, q(merge.begin, merge.begin + roots.front()), n_);
    });
    if (!shared(s)) return;
    for (int rank = 0; rank < comm_.size(); ++rank) {
      const RowRange theirs = parts.rows_of(rank);
      std::vector<double> columns(static_cast<std::size_t>(theirs.size() * size));
      for (std::int64_t j = 0; rank == comm_.rank() && j < theirs.size(); ++j)
        std::copy_n(q(merge.begin, merge.begin + theirs.begin + j), size, columns.data() + j * size);
      comm_.broadcast(std::span(columns), rank);
      for (std::int64_t j = 0; rank != comm_.rank() && j < theirs.size(); ++j)
        std::copy_n(columns.data() + j * size, size, q(merge.begin, merge.begin + theirs.begin + j));
    }
  }

  /// dlaed2 left the deflated values behind the roots, in descending order.
  void put_in_order(const Merge& merge, int roots) {
    const int deflated = static_cast<int>(merge.end - merge.begin) - roots, up = 1, down = -1;
    int* order = order_.data() + merge.begin;
    if (roots == 0) {
      std::iota(order, order + deflated, 1);
    } else {
      dlamrg_(&roots, &deflated, d_.data() + merge.begin, &up, &down, order);
    }
  }

  TridiagonalVectors collect(const Secular& last, const std::function<std::int64_t(const std::vector<double>&)>& want,
                             const std::function<std::int64_t(std::int64_t)>& together) {
    TridiagonalVectors result;
    for (const int place : order_) result.values.push_back(norm_ * d_[static_cast<std::size_t>(place - 1)]);
    result.wanted = want(result.values);
    const std::int64_t width = together(result.wanted), block = std::min(kBlockColumns, width);
    result.own = RowPartition(result.wanted, width, comm_.size()).rows_of(comm_.rank());
    result.vectors = {n_, result.own.size(), std::vector<double>(static_cast<std::size_t>(n_ * result.own.size()))};
    const RowRange found = last.k > 0 ? own_roots(last) : RowRange{};
    const std::int64_t blocks = (result.own.size() + block - 1) / block;
    comm_.together([&] {
      pool_.for_each(blocks, [&](std::int64_t b, int) {
        collect_block(last, found, {b * block, std::min((b + 1) * block, result.own.size())}, result);
      });
    });
    return result;
  }

  /// Some of the wanted vectors: those of roots are made, deflated ones are there.
  void collect_block(const Secular& last, RowRange found, RowRange block, TridiagonalVectors& result) {
    std::vector<std::int64_t> roots, columns;
    for (std::int64_t c = block.begin; c < block.end; ++c) {
      const std::int64_t place = order_[static_cast<std::size_t>(n_ - 1 - result.own.begin - c)] - 1;
      if (place < last.k) {
        roots.push_back(place), columns.push_back(c);
      } else {
        std::copy_n(q(0, place), n_, result.vectors.data.data() + c * n_);
      }
    }
    if (roots.empty()) return;
    std::vector<double> made(roots.size() * static_cast<std::size_t>(n_));
    make_vectors(last, roots, found, made.data(), n_);
    for (std::size_t i = 0; i < columns.size(); ++i)
      std::copy_n(made.data() + static_cast<std::int64_t>(i) * n_, n_, result.vectors.data.data() + columns[i] * n_);
  }

  const std::int64_t n_;
  double norm_ = 0;
  std::vector<double> d_, e_;
  std::vector<int> order_;  ///< of each part, the places of its values in ascending order, from 1
  Matrix q_;
  std::vector<RowRange> leaves_;
  std::vector<Merge> merges_;
  const Communicator& comm_;
  ThreadPool& pool_;
};

}  // namespace

TridiagonalVectors divide_and_conquer(std::vector<double> diagonal, std::vector<double> off_diagonal,
                                      const std::function<std::int64_t(const std::vector<double>& values)>& want,
                                      const std::function<std::int64_t(std::int64_t wanted)>& together,
                                      const Communicator& comm, ThreadPool& pool) {
  return Solver(std::move(diagonal), std::move(off_diagonal), comm, pool).run(want, together);
}

}  // namespace coterie::inline reduction
