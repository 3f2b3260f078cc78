#include "coterie/reduction/tsqr.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"
#include "test_rows.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kMemory = std::int64_t{1} << 30;

TallMatrix tall(const TestRows& rows) {
  return {rows.rows(), rows.columns(), [&](RowRange range, double* out) {
            std::copy(rows.values.data() + range.begin * rows.columns(),
                      rows.values.data() + range.end * rows.columns(), out);
          }};
}

/// The largest entry of A'A - R'R.
double residual(const TestRows& a, const Matrix& r) {
  double most = 0;
  for (std::int64_t j = 0; j < r.columns; ++j)
    for (std::int64_t k = 0; k <= j; ++k) {
      double sum = 0;
      for (std::int64_t i = 0; i < a.rows(); ++i)
        sum += static_cast<double>(a.values[static_cast<std::size_t>(i * r.columns + j)]) *
               a.values[static_cast<std::size_t>(i * r.columns + k)];
      for (std::int64_t i = 0; i < r.rows; ++i)
        sum -= r.data[static_cast<std::size_t>(j * r.rows + i)] * r.data[static_cast<std::size_t>(k * r.rows + i)];
      most = std::max(most, std::abs(sum));
    }
  return most;
}

// Leaves of 1024 rows and more: one leaf, two, five (a short last one), eight; wider than a leaf is long; fewer rows
// than columns; a single row.
constexpr std::int64_t kShapes[][2] = {{900, 33}, {2500, 20}, {5003, 5}, {8200, 3}, {2100, 40}, {7, 30}, {1, 4}};

}  // namespace

TEST_CASE("R'R is A'A, R is upper triangular with a diagonal that is not negative") {
  ThreadPool pool(2);
  for (const auto& [n, d] : kShapes) {
    const TestRows rows(n, d);
    const Matrix r = tsqr(tall(rows), kMemory, Communicator::self(), pool);
    REQUIRE(r.rows == std::min(n, d));
    REQUIRE(r.columns == d);
    CHECK(residual(rows, r) < 1e-11 * static_cast<double>(n));  // sums of n products of size 1
    for (std::int64_t j = 0; n >= d && j < d; ++j) {
      CHECK(r.data[static_cast<std::size_t>(j * d + j)] >= 0);
      for (std::int64_t i = j + 1; i < d; ++i) CHECK(r.data[static_cast<std::size_t>(j * d + i)] == 0);
    }
  }
}

TEST_CASE("R and A'A have the same bits on any number of ranks and threads, and under any memory") {
  ThreadPool one(1), three(3);
  for (const auto& [n, d] : kShapes)
    for (const auto solve : {tsqr, gram}) {
      const TestRows rows(n, d, 7);
      const Matrix alone = solve(tall(rows), 0, Communicator::self(), one, {});
      const Matrix together = solve(tall(rows), kMemory, Communicator::world(), three, {});
      if (Communicator::world().is_root()) {
        CHECK(alone.data == together.data);
      } else {
        CHECK(together.data.empty());
      }
    }
}

TEST_CASE("A'A is the sum of squares and products") {
  ThreadPool pool(2);
  const TestRows rows(3000, 9);
  const Matrix g = gram(tall(rows), kMemory, Communicator::self(), pool);
  const Matrix r = tsqr(tall(rows), kMemory, Communicator::self(), pool);
  for (std::int64_t i = 0; i < 9; ++i)
    for (std::int64_t j = 0; j < 9; ++j) {
      double sum = 0;
      for (std::int64_t k = 0; k < 9; ++k)
        sum += r.data[static_cast<std::size_t>(i * 9 + k)] * r.data[static_cast<std::size_t>(j * 9 + k)];
      CHECK(g.data[static_cast<std::size_t>(i * 9 + j)] == doctest::Approx(sum).epsilon(1e-12).scale(3000));
    }
}

TEST_CASE("leaves depend on the rows alone, and shares of 2, 4, 8 ranks are whole subtrees") {
  CHECK(tree_leaves(20'000, 1024, 1).blocks() == 16);
  CHECK(tree_leaves(1023, 1024, 1).blocks() == 1);
  for (const std::int64_t n : {std::int64_t{1}, std::int64_t{20'000}, std::int64_t{3'000'000'007}}) {
    const auto leaves = tree_leaves(n, 1024, 1);
    CHECK(leaves.block(0).size() >= std::min<std::int64_t>(n, 1024));
    CHECK(leaves.block(0).size() < 2048);
    CHECK(leaves.blocks() == tree_leaves(n, 1024, 7).blocks());
  }
  CHECK_THROWS_AS(tree_leaves(0, 1024, 1), InvalidArgument);
}

TEST_CASE("rows that cannot be read on one rank end all ranks with that error") {
  ThreadPool pool(2);
  const TallMatrix broken{5000, 3, [](RowRange range, double* out) {
                            if (range.end == 5000) throw FileError("features.h5", "is cut short");
                            std::fill_n(out, range.size() * 3, 1.0);
                          }};
  CHECK_THROWS_AS(tsqr(broken, kMemory, Communicator::world(), pool), Error);
}

}  // namespace coterie
