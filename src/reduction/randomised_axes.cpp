#include "randomised_axes.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "centre.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/dist/own_blocks.hpp"

namespace coterie::inline reduction {
namespace {

/// Leaves are short, since a leaf costs no more than a sum of D x l matrices and few rows should still feed all ranks.
constexpr std::int64_t kLeastLeafRows = 256;
/// Rows that are centred at once: 32 MiB, but enough for GEMM.
constexpr std::int64_t kChunkNumbers = std::int64_t{1} << 22;

void check(int info, const char* call) {
  if (info != 0) throw Error(fmt::format("{} failed with info = {}", call, info));
}

Matrix zeros(std::int64_t rows, std::int64_t columns) {
  return {rows, columns, std::vector<double>(static_cast<std::size_t>(rows * columns))};
}

Matrix product(const Matrix& a, CBLAS_TRANSPOSE transpose, const Matrix& b) {
  const bool plain = transpose == CblasNoTrans;
  Matrix c = zeros(plain ? a.rows : a.columns, b.columns);
  cblas_dgemm(CblasColMajor, transpose, CblasNoTrans, static_cast<int>(c.rows), static_cast<int>(c.columns),
              static_cast<int>(b.rows), 1, a.data.data(), static_cast<int>(a.rows), b.data.data(),
              static_cast<int>(b.rows), 0, c.data.data(), static_cast<int>(c.rows));
  return c;
}

Matrix gaussian(std::int64_t rows, std::int64_t columns, std::uint64_t seed, ThreadPool& pool) {
  Matrix result = zeros(rows, columns);
  const Random random(seed, Purpose::randomised_pca);
  pool.for_each(columns, [&](std::int64_t j, int) {
    for (std::int64_t i = 0; i < rows; ++i)
      result.data[static_cast<std::size_t>(j * rows + i)] = random.normal(static_cast<std::uint64_t>(j * rows + i));
  });
  return result;
}

/// Q of Z = QR; orthonormal whatever Z is.
void make_orthonormal(Matrix& z) {
  const int m = static_cast<int>(z.rows), n = static_cast<int>(z.columns);
  std::vector<double> tau(static_cast<std::size_t>(n));
  check(LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, n, z.data.data(), m, tau.data()), "dgeqrf");
  check(LAPACKE_dorgqr(LAPACK_COL_MAJOR, m, n, n, z.data.data(), m, tau.data()), "dorgqr");
}

/// A'A Q of one leaf's rows.
Matrix leaf_product(const Pca& pca, const RowSource& source, const Matrix& q, RowRange rows) {
  const std::int64_t columns = pca.dimensions;
  const std::int64_t at_once = std::clamp<std::int64_t>(kChunkNumbers / columns, 64, 512);
  Matrix sum = zeros(columns, q.columns);
  std::vector<float> buffer;
  std::vector<double> chunk(static_cast<std::size_t>(at_once * columns));
  std::vector<double> dots(static_cast<std::size_t>(at_once * q.columns));
  for (std::int64_t first = rows.begin; first < rows.end; first += at_once) {
    const RowRange part{first, std::min(first + at_once, rows.end)};
    centre(pca, rows_at(source, part, buffer), part.size(), chunk.data());
    const int m = static_cast<int>(part.size()), n = static_cast<int>(columns), l = static_cast<int>(q.columns);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, m, l, n, 1, chunk.data(), n, q.data.data(), n, 0, dots.data(),
                m);
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, n, l, m, 1, chunk.data(), n, dots.data(), m, 1,
                sum.data.data(), n);
  }
  return sum;
}

/// A'A Q over all rows, on every rank.
Matrix pass(const Pca& pca, const RowSource& source, const Matrix& q, const Communicator& comm, ThreadPool& pool,
            const ShareDone& on_share) {
  Matrix z = fold_tree(
      tree_leaves(pca.rows, kLeastLeafRows, comm.size()), pool.threads(),
      [&](RowRange rows) { return leaf_product(pca, source, q, rows); },
      [](Matrix left, const Matrix& right) {
        for (std::size_t i = 0; i < left.data.size(); ++i) left.data[i] += right.data[i];
        return left;
      },
      comm, pool, on_share);
  if (!comm.is_root()) z = zeros(q.rows, q.columns);
  comm.broadcast(std::span(z.data));
  return z;
}

struct Ritz {
  std::vector<double> values;  ///< descending, of all directions
  Matrix rotation;             ///< l x components
};

/// Eigenvalues and the first eigenvectors of a small symmetric matrix.
Ritz small_eigenproblem(Matrix t, std::int64_t wanted) {
  const int l = static_cast<int>(t.rows);
  for (std::int64_t j = 0; j < t.rows; ++j)  // symmetric but for rounding
    for (std::int64_t i = j + 1; i < t.rows; ++i) {
      double& below = t.data[static_cast<std::size_t>(j * t.rows + i)];
      below = 0.5 * (below + t.data[static_cast<std::size_t>(i * t.rows + j)]);
    }
  std::vector<double> ascending(static_cast<std::size_t>(l));
  check(LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', l, t.data.data(), l, ascending.data()), "dsyevd");
  Ritz result{{ascending.rbegin(), ascending.rend()}, zeros(l, wanted)};
  for (std::int64_t k = 0; k < wanted; ++k)
    std::copy_n(t.data.data() + (l - 1 - k) * l, l, result.rotation.data.data() + k * l);
  for (double& value : result.values) value = std::max(value, 0.0);
  return result;
}

/// |C V - V Theta|, the spectral norm.
double residual(const Matrix& z, const Matrix& v, const Ritz& ritz) {
  Matrix r = product(z, CblasNoTrans, ritz.rotation);
  for (std::int64_t k = 0; k < r.columns; ++k)
    cblas_daxpy(static_cast<int>(r.rows), -ritz.values[static_cast<std::size_t>(k)], v.data.data() + k * v.rows, 1,
                r.data.data() + k * r.rows, 1);
  return std::sqrt(small_eigenproblem(product(r, CblasTrans, r), 1).values[0]);
}

}  // namespace

std::int64_t randomised_directions(const PcaOptions& options, std::int64_t rows, std::int64_t columns) {
  const std::int64_t most = std::min(rows, columns);
  return options.components == 0 ? most : std::min(most, options.components + options.oversampling);
}

int randomised_iterations(const PcaOptions& options, std::int64_t rows, std::int64_t columns) {
  if (options.power_iterations >= 0) return options.power_iterations;
  const auto most = static_cast<double>(std::min(rows, columns));
  return options.components > 0 && static_cast<double>(options.components) < 0.1 * most ? 7 : 4;
}

PrincipalAxes randomised_axes(const Pca& pca, const RowSource& source, const PcaOptions& options,
                              const Communicator& comm, ThreadPool& pool, const ShareDone& on_share) {
  const std::int64_t directions = randomised_directions(options, pca.rows, pca.dimensions);
  const std::int64_t wanted = options.components == 0 ? directions : options.components;
  Matrix q = gaussian(pca.dimensions, directions, options.seed, pool);
  make_orthonormal(q);
  const int iterations = randomised_iterations(options, pca.rows, pca.dimensions);
  const auto passes = static_cast<double>(iterations) + 2;
  Matrix z = pass(pca, source, q, comm, pool, part_of(on_share, 0, 1 / passes));
  for (int p = 0; p <= iterations; ++p) {
    q = std::move(z);
    make_orthonormal(q);
    z = pass(pca, source, q, comm, pool, part_of(on_share, (p + 1) / passes, (p + 2) / passes));
  }
  const Ritz ritz = small_eigenproblem(product(q, CblasTrans, z), wanted);
  PrincipalAxes axes;
  axes.vectors = product(q, CblasNoTrans, ritz.rotation);
  for (std::int64_t k = 0; k < wanted; ++k)
    axes.singular_values.push_back(std::sqrt(ritz.values[static_cast<std::size_t>(k)]));
  const double rho = residual(z, axes.vectors, ritz);
  const double next = wanted < directions ? ritz.values[static_cast<std::size_t>(wanted)] : 0;
  if (ritz.values[0] > 0) axes.error_bound = (std::sqrt(next + rho) - std::sqrt(next)) / axes.singular_values[0];
  return axes;
}

}  // namespace coterie::inline reduction
