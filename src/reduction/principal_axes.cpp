#include "principal_axes.hpp"

#include <lapacke.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "coterie/base/errors.hpp"
#include "divide_and_conquer.hpp"
#include "reflectors.hpp"
#include "tridiagonal.hpp"

namespace coterie::inline reduction {
namespace {

Matrix zeros(std::int64_t rows, std::int64_t columns) {
  return {rows, columns, std::vector<double>(static_cast<std::size_t>(rows * columns))};
}

void check(int info, const char* call) {
  if (info != 0) throw Error(fmt::format("{} failed with info = {}", call, info));
}

/// Calls a LAPACK routine twice: for the size of its workspace, then in earnest.
template <typename Call>
void with_workspace(const char* name, const Call& call) {
  double size = 0;
  check(call(&size, -1), name);
  std::vector<double> work(static_cast<std::size_t>(size));
  check(call(work.data(), static_cast<int>(work.size())), name);
}

/// R = U B P' with B bidiagonal: B's singular values and right singular vectors, and P.
struct Bidiagonal {
  std::vector<double> values;  ///< descending
  Matrix vectors;              ///< n x min(m, n), below row min(m, n) zero
  Reflectors p;
};

/// dgebrd leaves P's vectors in the rows of R, right of the diagonal (or of the bidiagonal's second one, m >= n).
Reflectors reflectors_of_rows(const Matrix& r, std::vector<double> tau) {
  const std::int64_t shift = r.rows >= r.columns ? 1 : 0;
  Reflectors p{zeros(r.columns, std::ssize(tau)), std::move(tau)};
  for (std::int64_t j = 0; j + shift < r.columns && j < p.vectors.columns; ++j) {
    double* v = p.vectors.data.data() + j * r.columns;
    v[j + shift] = 1;
    for (std::int64_t i = j + shift + 1; i < r.columns; ++i) v[i] = r.data[static_cast<std::size_t>(i * r.rows + j)];
  }
  return p;
}

Bidiagonal bidiagonal(Matrix r) {
  const int m = static_cast<int>(r.rows), n = static_cast<int>(r.columns), count = std::min(m, n);
  const auto k = static_cast<std::size_t>(count);
  std::vector<double> d(k), e(k), tau_left(k), tau(k);
  with_workspace("dgebrd", [&](double* work, int size) {
    return LAPACKE_dgebrd_work(LAPACK_COL_MAJOR, m, n, r.data.data(), m, d.data(), e.data(), tau_left.data(),
                               tau.data(), work, size);
  });
  Matrix u = zeros(count, count), vt = zeros(count, count);
  check(LAPACKE_dbdsdc(LAPACK_COL_MAJOR, m >= n ? 'U' : 'L', 'I', count, d.data(), e.data(), u.data.data(), count,
                       vt.data.data(), count, nullptr, nullptr),
        "dbdsdc");
  Bidiagonal result{std::move(d), zeros(n, count), reflectors_of_rows(r, std::move(tau))};
  for (std::int64_t j = 0; j < count; ++j)
    for (std::int64_t i = 0; i < count; ++i)
      result.vectors.data[static_cast<std::size_t>(j * n + i)] = vt.data[static_cast<std::size_t>(i * count + j)];
  return result;
}

void broadcast(Matrix& matrix, const Communicator& comm) {
  std::array<std::int64_t, 2> shape{matrix.rows, matrix.columns};
  comm.broadcast(std::span<std::int64_t>(shape));
  matrix.rows = shape[0], matrix.columns = shape[1];
  matrix.data.resize(static_cast<std::size_t>(shape[0] * shape[1]));
  comm.broadcast(std::span(matrix.data));
}

void broadcast(std::vector<double>& values, const Communicator& comm) {
  Matrix matrix{std::ssize(values), 1, std::move(values)};
  broadcast(matrix, comm);
  values = std::move(matrix.data);
}

}  // namespace

PrincipalAxes axes_of_gram(Matrix gram, std::int64_t most, const KeepCount& keep, const Communicator& comm,
                           ThreadPool& pool) {
  broadcast(gram, comm);
  return axes_of_symmetric(std::move(gram), most, keep, comm, pool);
}

PrincipalAxes axes_of_symmetric(Matrix products, std::int64_t most, const KeepCount& keep, const Communicator& comm,
                                ThreadPool& pool) {
  const std::int64_t n = products.rows, count = std::min(n, most);
  const Tridiagonal t = tridiagonalise(std::move(products), comm, pool);
  PrincipalAxes axes;
  const auto want = [&](const std::vector<double>& values) {  // ascending
    for (std::int64_t k = 0; k < count; ++k)
      axes.singular_values.push_back(std::sqrt(std::max(0.0, values[static_cast<std::size_t>(n - 1 - k)])));
    return keep(axes.singular_values);
  };
  TridiagonalVectors found = divide_and_conquer(t.diagonal, t.off_diagonal, want, columns_together, comm, pool);
  apply(t.q, found.vectors.data.data(), found.own, found.wanted, pool);
  axes.vectors = {n, found.wanted, std::move(found.vectors.data)};
  if (comm.size() > 1) axes.vectors.data = comm.gather_all(std::span<const double>(axes.vectors.data));
  return axes;
}

namespace {

/// A of few rows as L Q: Q's reflectors, as dgelqf leaves them right of the diagonal, and L, the square.
class LqFactors {
 public:
  explicit LqFactors(Matrix a) : a_(std::move(a)), tau_(static_cast<std::size_t>(a_.rows)) {
    const int m = static_cast<int>(a_.rows), n = static_cast<int>(a_.columns);
    with_workspace("dgelqf", [&](double* work, int size) {
      return LAPACKE_dgelqf_work(LAPACK_COL_MAJOR, m, n, a_.data.data(), m, tau_.data(), work, size);
    });
  }

  Matrix lower() const {
    Matrix l = zeros(a_.rows, a_.rows);
    for (std::int64_t j = 0; j < a_.rows; ++j)
      std::copy(a_.data.begin() + j * a_.rows + j, a_.data.begin() + (j + 1) * a_.rows,
                l.data.begin() + j * a_.rows + j);
    return l;
  }

  /// Q' W: L's right singular vectors become A's.
  Matrix to_columns(const Matrix& w) const {
    Matrix v = zeros(a_.columns, w.columns);
    for (std::int64_t k = 0; k < w.columns; ++k)
      std::copy_n(w.data.begin() + k * w.rows, w.rows, v.data.begin() + k * v.rows);
    const int n = static_cast<int>(v.rows), kept = static_cast<int>(v.columns), m = static_cast<int>(a_.rows);
    with_workspace("dormlq", [&](double* work, int size) {
      return LAPACKE_dormlq_work(LAPACK_COL_MAJOR, 'L', 'T', n, kept, m, a_.data.data(), m, tau_.data(), v.data.data(),
                                 n, work, size);
    });
    return v;
  }

 private:
  Matrix a_;
  std::vector<double> tau_;
};

PrincipalAxes axes_by_bidiagonal(Matrix r, const KeepCount& keep, const Communicator& comm, ThreadPool& pool) {
  Bidiagonal b;
  comm.on_root([&] { b = bidiagonal(std::move(r)); });
  broadcast(b.values, comm);
  const std::int64_t kept = keep(b.values);
  b.vectors.columns = kept;
  b.vectors.data.resize(static_cast<std::size_t>(b.vectors.rows * kept));
  broadcast(b.vectors, comm);
  broadcast(b.p.tau, comm);
  broadcast(b.p.vectors, comm);
  const std::int64_t rows = b.vectors.rows;
  const RowRange own = RowPartition(kept, columns_together(kept), comm.size()).rows_of(comm.rank());
  double* part = b.vectors.data.data() + own.begin * rows;
  apply(b.p, part, own, kept, pool);
  const std::span<const double> made(part, static_cast<std::size_t>(own.size() * rows));
  if (comm.size() > 1) b.vectors.data = comm.gather_all(made);
  return {std::move(b.values), std::move(b.vectors)};
}

/// Beyond it LAPACK's reduction to bidiagonal form would sweep all columns for each row.
constexpr std::int64_t kMostBidiagonal = 32'768;

}  // namespace

PrincipalAxes axes_of_factor(Matrix r, const KeepCount& keep, const Communicator& comm, ThreadPool& pool) {
  std::optional<LqFactors> factors;
  bool broad = false;
  comm.on_root([&] {
    broad = r.columns > kMostBidiagonal && r.rows < r.columns;
    if (!broad) return;
    factors.emplace(std::move(r));
    r = factors->lower();
  });
  comm.broadcast(std::span(&broad, 1));
  PrincipalAxes axes = axes_by_bidiagonal(std::move(r), keep, comm, pool);
  if (!broad) return axes;
  comm.on_root([&] { axes.vectors = factors->to_columns(axes.vectors); });
  broadcast(axes.vectors, comm);
  return axes;
}

}  // namespace coterie::inline reduction
