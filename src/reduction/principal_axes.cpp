#include "principal_axes.hpp"

#include <lapacke.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <utility>

#include "coterie/base/errors.hpp"
#include "divide_and_conquer.hpp"
#include "tridiagonal.hpp"

namespace coterie {
namespace {

/// Columns that are transformed back in one call: fixed, because another width may give other bits.
constexpr std::int64_t kColumnsAtOnce = 64;
/// Threads that transform back at once, each with its own copy of the reflectors.
constexpr std::int64_t kMostCopies = 8;

Matrix zeros(std::int64_t rows, std::int64_t columns) {
  return {rows, columns, std::vector<double>(static_cast<std::size_t>(rows * columns))};
}

void check(int info, const char* call) {
  if (info != 0) throw Error(fmt::format("{} failed with info = {}", call, info));
}

/// A decomposed matrix: singular values, the vectors of its condensed form (descending), and the Householder
/// reflectors that turn those back.
struct Condensed {
  Matrix reflectors;
  std::vector<double> tau, values;
  Matrix vectors;  ///< D x min(N, D)
};

/// Calls a LAPACK routine twice: for the size of its workspace, then in earnest.
template <typename Call>
void with_workspace(const char* name, const Call& call) {
  double size = 0;
  check(call(&size, -1), name);
  std::vector<double> work(static_cast<std::size_t>(size));
  check(call(work.data(), static_cast<int>(work.size())), name);
}

Condensed bidiagonal(Matrix r) {
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
  Condensed result{std::move(r), std::move(tau), std::move(d), zeros(n, count)};
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

/// Gives every rank the values, the reflectors and the first vectors that `keep` asks for.
void share(Condensed& condensed, const KeepCount& keep, const Communicator& comm) {
  Matrix values{static_cast<std::int64_t>(condensed.values.size()), 1, std::move(condensed.values)};
  Matrix tau{static_cast<std::int64_t>(condensed.tau.size()), 1, std::move(condensed.tau)};
  broadcast(values, comm);
  broadcast(tau, comm);
  condensed.values = std::move(values.data), condensed.tau = std::move(tau.data);
  const std::int64_t kept = keep(condensed.values);
  condensed.vectors.columns = kept;
  condensed.vectors.data.resize(static_cast<std::size_t>(condensed.vectors.rows * kept));
  broadcast(condensed.reflectors, comm);
  broadcast(condensed.vectors, comm);
}

/// Applies the reflectors to the kept vectors, in fixed groups of columns that ranks and threads share out. LAPACK's
/// dormqr and dormlq write to the reflectors they are given and restore them, so no two threads may share them.
template <typename Apply>
PrincipalAxes transform_back(Condensed condensed, const Communicator& comm, ThreadPool& pool, const Apply& apply) {
  Matrix& vectors = condensed.vectors;
  const RowPartition groups(vectors.columns, kColumnsAtOnce, comm.size());
  const RowRange own = groups.blocks_of(comm.rank());
  const std::int64_t copies = std::min({own.size(), std::int64_t{pool.threads()}, kMostCopies});
  comm.together([&] {
    std::vector<Matrix> reflectors(static_cast<std::size_t>(copies), condensed.reflectors);
    pool.for_each(copies, [&](std::int64_t copy, int) {
      for (std::int64_t group = own.begin + copy; group < own.end; group += copies) {
        const RowRange columns = groups.block(group);
        apply(reflectors[static_cast<std::size_t>(copy)], condensed.tau,
              vectors.data.data() + columns.begin * vectors.rows, static_cast<int>(columns.size()));
      }
    });
  });
  const RowRange columns = groups.rows_of(comm.rank());
  const std::span<const double> part(vectors.data.data() + columns.begin * vectors.rows,
                                     static_cast<std::size_t>(columns.size() * vectors.rows));
  if (comm.size() > 1) vectors.data = comm.gather_all(part);
  return {std::move(condensed.values), std::move(vectors)};
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
  transform_back(t, found.vectors.data.data(), found.own, found.wanted, pool);
  axes.vectors = {n, found.wanted, std::move(found.vectors.data)};
  if (comm.size() > 1) axes.vectors.data = comm.gather_all(std::span<const double>(axes.vectors.data));
  return axes;
}

PrincipalAxes axes_of_factor(Matrix r, const KeepCount& keep, const Communicator& comm, ThreadPool& pool) {
  Condensed condensed;
  comm.on_root([&] { condensed = bidiagonal(std::move(r)); });
  share(condensed, keep, comm);
  return transform_back(std::move(condensed), comm, pool,
                        [](const Matrix& reflectors, const std::vector<double>& tau, double* vectors, int count) {
                          const int m = static_cast<int>(reflectors.rows), n = static_cast<int>(reflectors.columns);
                          with_workspace("dormbr", [&](double* work, int size) {
                            return LAPACKE_dormbr_work(LAPACK_COL_MAJOR, 'P', 'L', 'N', n, count, m,
                                                       reflectors.data.data(), m, tau.data(), vectors, n, work, size);
                          });
                        });
}

}  // namespace coterie
