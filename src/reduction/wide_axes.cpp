#include "wide_axes.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <utility>

#include "centre.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/dist/own_blocks.hpp"

namespace coterie::inline reduction {
namespace {

/// LAPACK counts in 32-bit ints, N^2 among them.
constexpr std::int64_t kMostRows = 32'768;
/// Numbers of one tile of rows, 128 MiB.
constexpr std::int64_t kTileNumbers = std::int64_t{1} << 25;
constexpr std::int64_t kMostTileRows = 256;
/// Columns that are centred and multiplied at once: two tiles' worth stays in the second-level cache.
constexpr std::int64_t kColumnBlock = 512;
/// Shares of the largest singular value below which an axis is made orthogonal again, and below which it is lost: the
/// square, 1e-14, is what the sums of N products lose in double.
constexpr double kWeak = 1e-3, kLost = 1e-7;
constexpr std::int64_t kAxesAtOnce = 32;

void check(int info, const char* call) {
  if (info != 0) throw Error(fmt::format("{} failed with info = {}", call, info));
}

std::int64_t tile_rows(std::int64_t columns) {
  return std::clamp<std::int64_t>(kTileNumbers / columns, 16, kMostTileRows);
}

/// One tile of rows as they were read, with each row's factor.
struct Tile {
  std::int64_t number = -1;
  RowRange rows;
  const float* values = nullptr;
  std::vector<float> buffer;
  std::vector<double> factors;

  void load(const Pca& pca, const RowSource& source, const RowPartition& tiles, std::int64_t wanted) {
    if (std::exchange(number, wanted) == wanted) return;
    rows = tiles.block(wanted);
    values = rows_at(source, rows, buffer);
    factors.clear();
    for (std::int64_t i = 0; i < rows.size(); ++i) factors.push_back(row_factor(pca, values + i * pca.dimensions));
  }

  /// Some columns of all rows, centred, row-major.
  void centred(const Pca& pca, RowRange columns, double* out) const {
    for (std::int64_t i = 0; i < rows.size(); ++i)
      centre_columns(pca, values + i * pca.dimensions, factors[static_cast<std::size_t>(i)], columns,
                     out + i * columns.size());
  }
};

/// left x right' over all columns, column-major.
void multiply(const Pca& pca, const Tile& left, const Tile& right, double* out) {
  const int m = static_cast<int>(left.rows.size()), n = static_cast<int>(right.rows.size());
  std::vector<double> a(static_cast<std::size_t>(m * kColumnBlock)), b(static_cast<std::size_t>(n * kColumnBlock));
  for (std::int64_t first = 0; first < pca.dimensions; first += kColumnBlock) {
    const RowRange columns{first, std::min(first + kColumnBlock, pca.dimensions)};
    const int k = static_cast<int>(columns.size());
    left.centred(pca, columns, a.data());
    if (left.number == right.number) {
      cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, m, k, 1, a.data(), k, 1, out, m);
      continue;
    }
    right.centred(pca, columns, b.data());
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, m, n, k, 1, a.data(), k, b.data(), k, 1, out, m);
  }
}

struct Pair {
  std::int64_t row, column;  ///< tiles
};

/// The lower triangle of tiles, row by row.
std::vector<Pair> pairs_of(std::int64_t tiles) {
  std::vector<Pair> pairs;
  for (std::int64_t i = 0; i < tiles; ++i)
    for (std::int64_t j = 0; j <= i; ++j) pairs.push_back({i, j});
  return pairs;
}

/// The lower triangle of AA', on every rank.
Matrix inner_products(const Pca& pca, const RowSource& source, const Communicator& comm, ThreadPool& pool,
                      const ShareDone& on_share) {
  const RowPartition tiles(pca.rows, tile_rows(pca.dimensions), 1);
  const std::vector<Pair> pairs = pairs_of(tiles.blocks());
  const RowPartition shares(std::ssize(pairs), 1, comm.size());
  const RowRange own = shares.rows_of(comm.rank());
  const auto size = [&](const Pair& pair) { return tiles.block(pair.row).size() * tiles.block(pair.column).size(); };
  std::vector<std::int64_t> begins{0};
  for (std::int64_t p = own.begin; p < own.end; ++p)
    begins.push_back(begins.back() + size(pairs[static_cast<std::size_t>(p)]));
  std::vector<double> products(static_cast<std::size_t>(begins.back()));
  comm.together([&] {
    std::vector<Tile> left(static_cast<std::size_t>(pool.threads())), right = left;
    for_each_telling(pool, own.size(), on_share, [&](std::int64_t p, int worker) {
      const Pair& pair = pairs[static_cast<std::size_t>(own.begin + p)];
      Tile &a = left[static_cast<std::size_t>(worker)], &b = right[static_cast<std::size_t>(worker)];
      a.load(pca, source, tiles, pair.row);
      if (pair.column != pair.row) b.load(pca, source, tiles, pair.column);
      multiply(pca, a, pair.column == pair.row ? a : b, products.data() + begins[static_cast<std::size_t>(p)]);
    });
  });
  if (comm.size() > 1) products = comm.gather_all(std::span<const double>(products));
  Matrix result{pca.rows, pca.rows, std::vector<double>(static_cast<std::size_t>(pca.rows * pca.rows))};
  const double* from = products.data();
  for (const Pair& pair : pairs) {
    const RowRange rows = tiles.block(pair.row), columns = tiles.block(pair.column);
    for (std::int64_t j = columns.begin; j < columns.end; ++j, from += rows.size())
      std::copy_n(from, rows.size(), result.data.data() + j * pca.rows + rows.begin);
  }
  return result;
}

/// A' U, D x kept, on every rank.
Matrix back_to_columns(const Pca& pca, const RowSource& source, const Matrix& u, const Communicator& comm,
                       ThreadPool& pool) {
  const RowPartition tiles(pca.rows, tile_rows(pca.dimensions), 1), blocks(pca.dimensions, kColumnBlock, comm.size());
  const RowRange own_blocks = blocks.blocks_of(comm.rank()), own = blocks.rows_of(comm.rank());
  std::vector<double> part(static_cast<std::size_t>(own.size() * u.columns));
  comm.together([&] {
    Tile tile;
    for (std::int64_t t = 0; t < tiles.blocks(); ++t) {
      tile.load(pca, source, tiles, t);
      pool.for_each(own_blocks.size(), [&](std::int64_t b, int) {
        const RowRange columns = blocks.block(own_blocks.begin + b);
        std::vector<double> a(static_cast<std::size_t>(tile.rows.size() * columns.size()));
        tile.centred(pca, columns, a.data());
        const int m = static_cast<int>(columns.size()), k = static_cast<int>(tile.rows.size());
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, m, static_cast<int>(u.columns), k, 1, a.data(), m,
                    u.data.data() + tile.rows.begin, static_cast<int>(u.rows), 1,
                    part.data() + columns.begin - own.begin, static_cast<int>(own.size()));
      });
    }
  });
  Matrix result{pca.dimensions, u.columns, {}};
  if (comm.size() == 1) return result.data = std::move(part), result;
  const std::vector<double> parts = comm.gather_all(std::span<const double>(part));
  result.data.resize(parts.size());
  const double* from = parts.data();
  for (int rank = 0; rank < comm.size(); ++rank) {
    const RowRange columns = blocks.rows_of(rank);
    for (std::int64_t k = 0; k < u.columns; ++k, from += columns.size())
      std::copy_n(from, columns.size(), result.data.data() + k * pca.dimensions + columns.begin);
  }
  return result;
}

/// Makes columns [first, first + count) orthonormal, and orthogonal to all before. Three times: the first may leave
/// only rounding errors of a column, the second makes those orthogonal, the third is certain.
void orthogonalise(Matrix& v, std::int64_t first, std::int64_t count) {
  const int rows = static_cast<int>(v.rows), before = static_cast<int>(first), columns = static_cast<int>(count);
  double* block = v.data.data() + first * v.rows;
  std::vector<double> products(static_cast<std::size_t>(first * count)), tau(static_cast<std::size_t>(count));
  for (int pass = 0; pass < 3; ++pass) {
    if (before > 0) {
      cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, before, columns, rows, 1, v.data.data(), rows, block, rows,
                  0, products.data(), before);
      cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, rows, columns, before, -1, v.data.data(), rows,
                  products.data(), before, 1, block, rows);
    }
    for (int k = 0; k < columns; ++k) {
      double* column = block + k * v.rows;
      const double length = cblas_dnrm2(rows, column, 1);
      if (length > 0) cblas_dscal(rows, 1 / length, column, 1);
    }
    check(LAPACKE_dgeqrf(LAPACK_COL_MAJOR, rows, columns, block, rows, tau.data()), "dgeqrf");
    check(LAPACKE_dorgqr(LAPACK_COL_MAJOR, rows, columns, columns, block, rows, tau.data()), "dorgqr");
  }
}

/// Divides A' U by the singular values, and mends the axes that this leaves inexact.
void make_orthonormal(Matrix& v, const std::vector<double>& singular_values) {
  const double largest = singular_values[0];
  std::int64_t weak = v.columns;
  for (std::int64_t k = v.columns - 1; k >= 0; --k) {
    const double value = singular_values[static_cast<std::size_t>(k)];
    double* column = v.data.data() + k * v.rows;
    if (value <= kWeak * largest) weak = k;
    if (value > kLost * largest) {
      for (std::int64_t j = 0; j < v.rows; ++j) column[j] /= value;
      continue;
    }
    const Random random(0, Purpose::randomised_pca, 1);
    for (std::int64_t j = 0; j < v.rows; ++j) column[j] = random.normal(static_cast<std::uint64_t>(k * v.rows + j));
  }
  for (std::int64_t first = weak; first < v.columns; first += kAxesAtOnce)
    orthogonalise(v, first, std::min(kAxesAtOnce, v.columns - first));
}

}  // namespace

PrincipalAxes axes_of_wide(const Pca& pca, const RowSource& source, const KeepCount& keep, const Communicator& comm,
                           ThreadPool& pool, const ShareDone& on_share) {
  require(pca.rows <= kMostRows,
          "the gram solver needs a matrix of {} x {}, one for each pair of rows, but at most {} "
          "rows: choose randomised or incremental",
          pca.rows, pca.rows, kMostRows);
  PrincipalAxes axes = axes_of_symmetric(inner_products(pca, source, comm, pool, on_share),
                                         std::min(pca.rows, pca.dimensions), keep, comm, pool);
  axes.vectors = back_to_columns(pca, source, axes.vectors, comm, pool);
  make_orthonormal(axes.vectors, axes.singular_values);
  return axes;
}

}  // namespace coterie::inline reduction
