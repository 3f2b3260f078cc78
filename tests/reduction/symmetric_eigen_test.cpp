#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "coterie/base/random.hpp"
#include "divide_and_conquer.hpp"
#include "tridiagonal.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kShared = 530;  ///< columns enough for ranks to share the work

/// Symmetric matrices whose eigenproblems go different ways: nothing deflates, everything does, values far apart and
/// close together, blocks that do not touch.
Matrix symmetric(const std::string& kind, std::int64_t n) {
  Matrix a{n, n, std::vector<double>(static_cast<std::size_t>(n * n))};
  const Random random(5, Purpose::test_data);
  for (std::int64_t j = 0; j < n; ++j)
    for (std::int64_t i = j; i < n; ++i) {
      const double x = random.normal(static_cast<std::uint64_t>(i * n + j));
      double value = x;
      if (kind == "identity") value = i == j;
      if (kind == "nothing") value = 0;
      if (kind == "graded") value = x * std::pow(10.0, -static_cast<double>(i + j) / 30);
      if (kind == "rank one") value = static_cast<double>(i + 1) * static_cast<double>(j + 1);
      if (kind == "blocks") value = i / 20 == j / 20 ? x : 0;
      a.data[static_cast<std::size_t>(j * n + i)] = a.data[static_cast<std::size_t>(i * n + j)] = value;
    }
  return a;
}

struct Eigen {
  std::vector<double> values;
  std::vector<double> vectors;  ///< n x wanted, from the largest value down
};

Eigen solve(const Matrix& a, std::int64_t wanted, const Communicator& comm, ThreadPool& pool) {
  const Tridiagonal t = tridiagonalise(a, comm, pool);
  const auto want = [&](const std::vector<double>&) { return wanted; };
  auto found = divide_and_conquer(t.diagonal, t.off_diagonal, want, columns_together, comm, pool);
  apply(t.q, found.vectors.data.data(), found.own, found.wanted, pool);
  return {found.values, comm.gather_all(std::span<const double>(found.vectors.data))};
}

double dot(const double* a, const double* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

TEST_CASE("eigenvectors satisfy A z = lambda z and are orthonormal, whatever the spectrum") {
  ThreadPool pool(2);
  for (const char* kind : {"normal", "identity", "nothing", "graded", "rank one", "blocks"})
    for (const std::int64_t n : {1, 2, 3, 32, 33, 64, 65, 130, 200}) {
      CAPTURE(kind);
      CAPTURE(n);
      const Matrix a = symmetric(kind, n);
      const std::int64_t wanted = n > 100 ? 70 : n;
      const Eigen eigen = solve(a, wanted, Communicator::self(), pool);
      REQUIRE(std::ssize(eigen.values) == n);
      REQUIRE(std::ssize(eigen.vectors) == n * wanted);
      CHECK(std::is_sorted(eigen.values.begin(), eigen.values.end()));
      double trace = 0, norm = 0, sum = 0, residual = 0, skew = 0;
      for (std::int64_t i = 0; i < n; ++i) trace += a.data[static_cast<std::size_t>(i * n + i)];
      for (const double x : a.data) norm += x * x;
      for (const double value : eigen.values) sum += value;
      for (std::int64_t k = 0; k < wanted; ++k) {
        const double* z = eigen.vectors.data() + k * n;
        for (std::int64_t i = 0; i < n; ++i)
          residual = std::max(residual, std::abs(dot(a.data.data() + i * n, z, n) -
                                                 eigen.values[static_cast<std::size_t>(n - 1 - k)] * z[i]));
        for (std::int64_t m = 0; m <= k; ++m)
          skew = std::max(skew, std::abs(dot(z, eigen.vectors.data() + m * n, n) - (m == k)));
      }
      const double scale = std::sqrt(norm) + 1e-300;
      CHECK(std::abs(trace - sum) <= 1e-13 * scale);  // n roundings of eps each
      CHECK(residual <= 2e-14 * scale);
      CHECK(skew <= 1e-13);
    }
}

TEST_CASE("eigenvalues and vectors have the same bits on any number of ranks and threads") {
  ThreadPool one(1), three(3);
  for (const char* kind : {"normal", "graded", "blocks"})
    for (const std::int64_t wanted : {std::int64_t{3}, std::int64_t{200}, kShared}) {
      const Matrix a = symmetric(kind, kShared);
      const Eigen alone = solve(a, wanted, Communicator::self(), one);
      const Eigen together = solve(a, wanted, Communicator::world(), three);
      CHECK(alone.values == together.values);
      CHECK(alone.vectors == together.vectors);
    }
}

}  // namespace coterie
