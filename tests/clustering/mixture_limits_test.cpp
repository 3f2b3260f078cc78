#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/clustering/gaussian_mixture.hpp"
#include "example_rows.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kColumns = 3;
constexpr Covariance kTypes[] = {Covariance::full, Covariance::tied, Covariance::diagonal, Covariance::spherical};

MixtureResult run(const std::vector<float>& values, std::int64_t k, const MixtureOptions& options,
                  std::int64_t columns = kColumns) {
  ThreadPool pool(2);
  return gaussian_mixtures(MemoryRows(view(values, columns)), {&k, 1}, options, Communicator::world(), pool).front();
}

/// The log density of a normal distribution with this variance in each of kColumns columns, at its mean.
double peak(double variance) { return -0.5 * kColumns * std::log(2 * std::numbers::pi * variance); }

}  // namespace

TEST_CASE("one row, and rows that are all equal, have the regularisation for a covariance") {
  for (const auto type : kTypes)
    for (const int copies : {1, 600}) {
      CAPTURE(static_cast<int>(type));
      CAPTURE(copies);
      std::vector<float> values;
      for (int i = 0; i < copies; ++i) values.insert(values.end(), {1.5F, -2, 1000});
      const auto result = run(values, 1, {.covariance = type, .regularisation = 1e-3});
      CHECK(result.model.means[0] == doctest::Approx(1.5).epsilon(1e-12));
      CHECK(result.model.means[2] == doctest::Approx(1000).epsilon(1e-12));
      CHECK(result.log_likelihood == doctest::Approx(peak(1e-3)).epsilon(1e-9));
      CHECK(result.sizes == std::vector<std::int64_t>{copies});
      CHECK(result.converged);
      const float one = 1;
      for (const float probability : result.local_probabilities) CHECK(probability == one);
    }
}

TEST_CASE("as many components as rows: each row is its own") {
  const auto values = example_rows(8, kColumns, 8, 1.0);
  for (const auto type : {Covariance::full, Covariance::diagonal, Covariance::spherical}) {
    const auto result = run(values, 8, {.covariance = type, .regularisation = 1e-4});
    CHECK(result.sizes == std::vector<std::int64_t>(8, 1));
    CHECK(result.log_likelihood == doctest::Approx(peak(1e-4) - std::log(8)).epsilon(1e-6));
  }
}

TEST_CASE("duplicate rows weigh twice and change no mean") {
  const auto once = example_rows(500, kColumns, 3, 0.5);
  std::vector<float> twice;
  std::vector<std::int32_t> labels, labels_twice;
  for (std::int64_t i = 0; i < 500; ++i)
    for (int copy = 0; copy < 2; ++copy) {
      twice.insert(twice.end(), once.begin() + i * kColumns, once.begin() + (i + 1) * kColumns);
      labels_twice.push_back(static_cast<std::int32_t>(i % 3));
      if (copy == 0) labels.push_back(static_cast<std::int32_t>(i % 3));
    }
  for (const auto type : kTypes) {
    const auto a = run(once, 3, {.covariance = type, .max_iter = 12, .tol = 0, .initial_labels = labels});
    const auto b = run(twice, 3, {.covariance = type, .max_iter = 12, .tol = 0, .initial_labels = labels_twice});
    for (std::size_t i = 0; i < a.model.means.size(); ++i)  // the ulps of twelve iterations
      CHECK(a.model.means[i] == doctest::Approx(b.model.means[i]).epsilon(1e-9));
    CHECK(a.log_likelihood == doctest::Approx(b.log_likelihood).epsilon(1e-10));
    CHECK(b.sizes[0] == 2 * a.sizes[0]);
  }
}

TEST_CASE("a constant column has the regularisation for a variance") {
  auto values = example_rows(900, kColumns, 2, 0.5);
  for (std::size_t i = 1; i < values.size(); i += kColumns) values[i] = -7.25F;
  for (const auto type : {Covariance::full, Covariance::tied, Covariance::diagonal}) {
    const auto result = run(values, 2, {.covariance = type, .max_iter = 5, .regularisation = 1e-5});
    const std::size_t at = type == Covariance::diagonal ? 1 : 4;
    CHECK(result.model.covariances[at] == doctest::Approx(1e-5).epsilon(1e-9));
    CHECK(result.model.means[1] == doctest::Approx(-7.25).epsilon(1e-12));
  }
}

TEST_CASE("a spread of a thousandth at a distance of a thousand is measured, not rounded away") {
  std::vector<float> values;
  for (int i = 0; i < 2000; ++i) {
    const float step = static_cast<float>(i % 2) * 0x1p-10F;
    values.insert(values.end(), {1000 + step, i % 4 < 2 ? 1000.0F : 1000 + 0x1p-10F, -1000 + step});
  }
  // Means and variances are exact: a half and a quarter of the step, and its square.
  const auto result = run(values, 1, {.covariance = Covariance::full, .regularisation = 1e-9});
  CHECK(result.model.means[0] == doctest::Approx(1000 + 0x1p-11).epsilon(1e-13));
  CHECK(result.model.covariances[0] == doctest::Approx(0x1p-22 + 1e-9).epsilon(1e-9));
  CHECK(result.model.covariances[2] == doctest::Approx(0x1p-22).epsilon(1e-9));
  CHECK(std::abs(result.model.covariances[1]) < 1e-15);
}

TEST_CASE("a component without rows keeps next to no weight and stays apart") {
  const auto values = example_rows(700, kColumns, 2, 0.5);
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 700; ++i) labels.push_back(i % 2 == 0 ? 0 : 2);
  for (const auto type : {Covariance::full, Covariance::diagonal, Covariance::spherical}) {
    const auto result =
        run(values, 3, {.covariance = type, .max_iter = 8, .regularisation = 1e-3, .initial_labels = labels});
    CHECK(result.model.weights[1] < 1e-15);
    CHECK(result.model.weights[1] > 0);
    CHECK(result.sizes[1] == 0);
    CHECK(result.model.covariances[type == Covariance::full       ? 9
                                   : type == Covariance::diagonal ? 3
                                                                  : 1] == doctest::Approx(1e-3));
    CHECK(std::isfinite(result.log_likelihood));
  }
}

TEST_CASE("a singular covariance is refused with its component and the way out, on every rank") {
  // Component 1 has two distinct rows, so its covariance has rank one.
  auto values = example_rows(600, kColumns, 2, 0.5);
  std::vector<std::int32_t> labels(600, 0);
  for (const std::size_t row : {100, 500}) labels[row] = 1;
  const MixtureOptions options{.regularisation = 0, .initial_labels = labels};
  CHECK_THROWS_WITH_AS(run(values, 2, options), doctest::Contains("component 1 (a weight of 2 rows) is singular"),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(run(values, 2, options), doctest::Contains("--regularization"), InvalidArgument);
  for (std::size_t i = 2; i < values.size(); i += kColumns) values[i] = 4;
  for (const auto type : {Covariance::full, Covariance::tied, Covariance::diagonal}) {
    CHECK_THROWS_WITH_AS(run(values, 2, {.covariance = type, .regularisation = 0}),
                         doctest::Contains("is singular at column 2"), InvalidArgument);
  }
  const std::vector<float> equal(kColumns * 300, 2.5F);
  CHECK_THROWS_WITH_AS(run(equal, 1, {.covariance = Covariance::spherical, .regularisation = 0}),
                       doctest::Contains("is singular"), InvalidArgument);
}

TEST_CASE("senseless wishes are refused") {
  const auto values = example_rows(10, kColumns, 2);
  CHECK_THROWS_WITH_AS(run(values, 11, {}), "Gaussian mixture: k is 11, must be between 1 and the number of rows, 10",
                       InvalidArgument);
  CHECK_THROWS_AS(run(values, 0, {}), InvalidArgument);
  CHECK_THROWS_AS(run(values, 2, {.n_init = 0}), InvalidArgument);
  CHECK_THROWS_AS(run(values, 2, {.max_iter = 0}), InvalidArgument);
  CHECK_THROWS_AS(run(values, 2, {.tol = -1}), InvalidArgument);
  CHECK_THROWS_AS(run(values, 2, {.regularisation = -1e-6}), InvalidArgument);
  CHECK_THROWS_AS(run(values, 2, {.regularisation = NAN}), InvalidArgument);
  std::vector<std::int32_t> labels(10, 1);
  CHECK_THROWS_WITH_AS(run(values, 1, {.initial_labels = labels}),
                       "Gaussian mixture: the initial label of row 0 is 1, must be in [0, 1)", InvalidArgument);
  labels.pop_back();
  CHECK_THROWS_WITH_AS(run(values, 2, {.initial_labels = labels}),
                       "Gaussian mixture: 9 initial labels given for 10 rows", InvalidArgument);
  labels.push_back(0);
  const std::vector<std::int64_t> ks{2, 3};
  ThreadPool pool(1);
  CHECK_THROWS_AS(gaussian_mixtures(MemoryRows(view(values, kColumns)), ks, {.initial_labels = labels},
                                    Communicator::world(), pool),
                  InvalidArgument);
  const std::vector<float> equal(kColumns * 30, 1.0F);
  CHECK_THROWS_WITH_AS(run(equal, 2, {}), doctest::Contains("only 1 distinct rows"), InvalidArgument);
}

TEST_CASE("the lowest row with a value that is no number, infinite or too large is named on every rank") {
  for (const float bad : {NAN, -INFINITY, 2e15F}) {
    auto values = example_rows(2000, kColumns, 3);
    values[kColumns * 1999] = NAN;
    values[kColumns * 1234 + 1] = bad;
    values[kColumns * 1235] = INFINITY;
    CHECK_THROWS_WITH_AS(run(values, 2, {}), doctest::Contains("Gaussian mixture: row 1234 "), InvalidArgument);
  }
}

TEST_CASE("a rank without rows takes part") {
  const auto values = example_rows(100, kColumns, 3, 0.3);  // a single block
  for (const auto type : kTypes) {
    const auto result = run(values, 3, {.covariance = type, .n_init = 2});
    CHECK(result.local_rows.size() == (Communicator::world().is_root() ? 100 : 0));
    CHECK(result.local_labels.size() == static_cast<std::size_t>(result.local_rows.size()));
    CHECK(result.local_probabilities.size() == 3 * result.local_labels.size());
    CHECK(std::accumulate(result.sizes.begin(), result.sizes.end(), std::int64_t{0}) == 100);
  }
}

}  // namespace coterie
