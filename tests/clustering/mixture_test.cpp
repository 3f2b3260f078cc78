#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/clustering/gaussian_mixture.hpp"
#include "example_rows.hpp"

namespace coterie {
namespace {

const std::string kData = std::string(COTERIE_SOURCE_DIR) + "/tests/data/mixture/";
constexpr Covariance kTypes[] = {Covariance::full, Covariance::tied, Covariance::diagonal, Covariance::spherical};
constexpr const char* kNames[] = {"full", "tied", "diag", "spherical"};

MixtureResult fit(const RowSource& rows, std::int64_t k, const MixtureOptions& options, const Communicator& comm,
                  ThreadPool& pool) {
  return gaussian_mixtures(rows, {&k, 1}, options, comm, pool).front();
}

template <typename T>
std::vector<T> whole(const std::vector<T>& local, const Communicator& comm) {
  return comm.gather_all(std::span<const T>(local));
}

/// All that the result says, bit for bit.
void check_same(const MixtureResult& a, const Communicator& comm_a, const MixtureResult& b,
                const Communicator& comm_b) {
  CHECK(whole(a.local_labels, comm_a) == whole(b.local_labels, comm_b));
  CHECK(whole(a.local_probabilities, comm_a) == whole(b.local_probabilities, comm_b));
  CHECK(a.model.weights == b.model.weights);
  CHECK(a.model.means == b.model.means);
  CHECK(a.model.covariances == b.model.covariances);
  CHECK(a.model.precisions_cholesky == b.model.precisions_cholesky);
  CHECK(a.sizes == b.sizes);
  CHECK(a.log_likelihood == b.log_likelihood);
  CHECK(a.bic == b.bic);
  CHECK(a.n_iter == b.n_iter);
  CHECK(a.init_log_likelihood == b.init_log_likelihood);
  CHECK(a.init_agreement == b.init_agreement);
}

/// Element (i, j) of the matrix `which` (covariances or precisions_cholesky) of a component, whatever the type.
double element(const GaussianMixture& model, const std::vector<double>& which, std::int64_t c, std::int64_t i,
               std::int64_t j) {
  const std::int64_t d = model.columns;
  switch (model.covariance) {
    case Covariance::full:
      return which[static_cast<std::size_t>((c * d + i) * d + j)];
    case Covariance::tied:
      return which[static_cast<std::size_t>(i * d + j)];
    case Covariance::diagonal:
      return i == j ? which[static_cast<std::size_t>(c * d + i)] : 0;
    default:
      return i == j ? which[static_cast<std::size_t>(c)] : 0;
  }
}

/// The log of weight times density, term by term.
double plain_joint(const GaussianMixture& model, const float* row, std::int64_t c) {
  const std::int64_t d = model.columns;
  double value = std::log(model.weights[static_cast<std::size_t>(c)]) -
                 0.5 * static_cast<double>(d) * std::log(2 * std::numbers::pi);
  for (std::int64_t j = 0; j < d; ++j) {
    double y = 0;
    for (std::int64_t i = 0; i < d; ++i)
      y += (row[i] - model.means[static_cast<std::size_t>(c * d + i)]) *
           element(model, model.precisions_cholesky, c, i, j);
    value += std::log(element(model, model.precisions_cholesky, c, j, j)) - 0.5 * y * y;
  }
  return value;
}

/// The largest |element| of U U' times covariance, less the identity.
double inverse_error(const GaussianMixture& model, std::int64_t c) {
  double worst = 0;
  for (std::int64_t i = 0; i < model.columns; ++i)
    for (std::int64_t j = 0; j < model.columns; ++j) {
      double sum = 0;
      for (std::int64_t a = 0; a < model.columns; ++a) {
        double precision = 0;
        for (std::int64_t b = 0; b < model.columns; ++b)
          precision +=
              element(model, model.precisions_cholesky, c, i, b) * element(model, model.precisions_cholesky, c, a, b);
        sum += precision * element(model, model.covariances, c, a, j);
      }
      worst = std::max(worst, std::abs(sum - (i == j ? 1 : 0)));
    }
  return worst;
}

/// Recounts likelihood, posteriors, labels and sizes of a result in the plainest way.
void check_recount(const std::vector<float>& values, const MixtureResult& result, const Communicator& comm) {
  const auto& model = result.model;
  const auto k = static_cast<std::size_t>(model.k);
  const auto labels = whole(result.local_labels, comm);
  const auto probabilities = whole(result.local_probabilities, comm);
  std::vector<std::int64_t> sizes(k);
  double total = 0;
  int wrong = 0;
  for (std::size_t n = 0; n < labels.size(); ++n) {
    std::vector<double> joint(k);
    for (std::size_t c = 0; c < k; ++c)
      joint[c] =
          plain_joint(model, values.data() + n * static_cast<std::size_t>(model.columns), static_cast<std::int64_t>(c));
    const auto best = std::max_element(joint.begin(), joint.end());
    double sum = 0;
    for (const double value : joint) sum += std::exp(value - *best);
    total += *best + std::log(sum);
    ++sizes[static_cast<std::size_t>(labels[n])];
    wrong += joint[static_cast<std::size_t>(labels[n])] < *best - 1e-9;
    for (std::size_t c = 0; c < k; ++c)  // float32 of a probability, of a joint that differs by some roundings
      wrong += std::abs(probabilities[n * k + c] - std::exp(joint[c] - *best) / sum) > 1e-6;
  }
  const auto n = static_cast<double>(labels.size());
  CHECK(wrong == 0);
  CHECK(sizes == result.sizes);
  CHECK(result.log_likelihood == doctest::Approx(total / n).epsilon(1e-10));
  CHECK(result.bic ==
        doctest::Approx(-2 * total + std::log(n) * static_cast<double>(result.parameters)).epsilon(1e-10));
  CHECK(result.aic == doctest::Approx(-2 * total + 2 * static_cast<double>(result.parameters)).epsilon(1e-10));
  CHECK(std::accumulate(model.weights.begin(), model.weights.end(), 0.0) == doctest::Approx(1));
  for (std::int64_t c = 0; c < model.k; ++c) CHECK(inverse_error(model, c) < 1e-8);
}

double worst_difference(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

}  // namespace

TEST_CASE("from given labels, the mixture is scikit-learn's") {
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(kData + "rows.npy", &shape);
  const auto labels = read_npy<std::int32_t>(kData + "labels.npy");
  const auto& world = Communicator::world();
  ThreadPool pool(2);
  for (std::size_t type = 0; type < 4; ++type) {
    CAPTURE(kNames[type]);
    const auto read = [&](const char* what) {
      return read_npy<double>(fmt::format("{}{}_{}.npy", kData, what, kNames[type]));
    };
    const MixtureOptions options{.covariance = kTypes[type], .max_iter = 60, .tol = 1e-4, .initial_labels = labels};
    const auto result = fit(MemoryRows({values.data(), shape[0], shape[1]}), 3, options, world, pool);
    // Both sum in double, in another order, over up to 25 iterations.
    CHECK(worst_difference(result.model.means, read("means")) < 1e-10);
    CHECK(worst_difference(result.model.covariances, read("covariances")) < 1e-10);
    const auto figures = read("figures");
    CHECK(result.log_likelihood == doctest::Approx(figures[0]).epsilon(1e-11));
    CHECK(result.bic == doctest::Approx(figures[1]).epsilon(1e-11));
    CHECK(result.aic == doctest::Approx(figures[2]).epsilon(1e-11));
    CHECK(result.n_iter == static_cast<int>(figures[3]));
    CHECK(result.converged == (figures[4] == 1));
    const auto expected = read_npy<float>(fmt::format("{}posteriors_{}.npy", kData, kNames[type]));
    const auto found = whole(result.local_probabilities, world);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) REQUIRE(std::abs(found[i] - expected[i]) < 1e-6);
    CHECK(result.init_log_likelihood.size() == 1);
  }
}

TEST_CASE("likelihood, posteriors, labels and criteria are those of the model, recounted") {
  const std::int64_t columns = 14;
  const auto values = example_rows(900, columns, 6, 0.9);
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  for (const auto type : kTypes) {
    CAPTURE(static_cast<int>(type));
    const auto result = fit(MemoryRows(view(values, columns)), 5, {.covariance = type, .max_iter = 6}, world, pool);
    check_recount(values, result, world);
    CHECK(result.parameters ==
          4 + 5 * 14 + std::vector<std::int64_t>{5 * 105, 105, 70, 5}[static_cast<std::size_t>(type)]);
  }
}

TEST_CASE("every way to compute gives the same bits: ranks, threads, streaming") {
  const auto& world = Communicator::world();
  const auto& self = Communicator::self();
  ThreadPool one(1), two(2);
  const std::int64_t columns = 21;
  const auto values = example_rows(2300, columns, 7, 0.8, 2);
  const MemoryRows rows(view(values, columns));
  const StreamedRows streamed(view(values, columns));
  for (const auto type : kTypes) {
    CAPTURE(static_cast<int>(type));
    MixtureOptions options{.covariance = type, .n_init = 2, .max_iter = 5, .seed = 5};
    const auto reference = fit(rows, 6, options, self, one);
    check_same(reference, self, fit(rows, 6, options, world, two), world);
    check_same(reference, self, fit(streamed, 6, options, world, one), world);  // copied
    options.memory_bytes = 4 * 21 * 512;                                        // windows of two blocks
    check_same(reference, self, fit(streamed, 6, options, world, two), world);
  }
}

TEST_CASE("a row's posterior does not depend on its neighbours, and is the fit's") {
  const std::int64_t columns = 17, k = 4;
  const auto values = example_rows(700, columns, 5, 1.1);
  ThreadPool pool(2);
  const auto& self = Communicator::self();
  for (const auto type : kTypes) {
    CAPTURE(static_cast<int>(type));
    const auto result = fit(MemoryRows(view(values, columns)), k, {.covariance = type, .max_iter = 4}, self, pool);
    const auto all = posteriors(result.model, view(values, columns), pool);
    CHECK(all.probabilities == result.local_probabilities);
    const double sum = std::accumulate(all.log_likelihoods.begin(), all.log_likelihoods.end(), 0.0);
    CHECK(sum / 700 == doctest::Approx(result.log_likelihood).epsilon(1e-12));
    for (const std::int64_t first : {0, 1, 255, 391, 699})
      for (const std::int64_t count : {1, 2, 7, 309}) {
        if (first + count > 700) continue;
        const auto part = posteriors(result.model, {values.data() + first * columns, count, columns}, pool);
        CHECK(std::equal(part.probabilities.begin(), part.probabilities.end(), all.probabilities.begin() + first * k));
        CHECK(
            std::equal(part.log_likelihoods.begin(), part.log_likelihoods.end(), all.log_likelihoods.begin() + first));
      }
    const auto none = posteriors(result.model, {values.data(), 0, columns}, pool);
    CHECK(none.log_likelihoods.empty());
    CHECK_THROWS_WITH_AS(posteriors(result.model, {values.data(), 1, 16}, pool),
                         "Gaussian mixture: the rows have 16 columns, the model has 17", InvalidArgument);
  }
}

TEST_CASE("of several starts the most likely wins, and the first start is that of a single one") {
  const std::int64_t columns = 6;
  const auto values = example_rows(800, columns, 9, 0.9);
  const MemoryRows rows(view(values, columns));
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  MixtureOptions options{.n_init = 4, .max_iter = 15, .seed = 3};
  const auto many = fit(rows, 7, options, world, pool);
  REQUIRE(many.init_log_likelihood.size() == 4);
  const auto best = std::max_element(many.init_log_likelihood.begin(), many.init_log_likelihood.end());
  CHECK(many.best_init == best - many.init_log_likelihood.begin());
  CHECK(many.log_likelihood == *best);
  check_recount(values, many, world);
  options.n_init = 1;
  const auto single = fit(rows, 7, options, world, pool);
  CHECK(single.log_likelihood == many.init_log_likelihood.front());
  CHECK(single.stability == 1);
  // Starts of their own: with nine overlapping clusters four equal likelihoods would be the same start four times.
  CHECK(*std::min_element(many.init_log_likelihood.begin(), many.init_log_likelihood.end()) < *best);
  CHECK(many.init_agreement.size() == 16);
  CHECK(many.init_agreement[1] == many.init_agreement[4]);
  CHECK(many.stability < 1);
}

TEST_CASE("a list of k is each k by itself, and more components are more likely") {
  const std::int64_t columns = 4;
  const auto values = example_rows(600, columns, 3, 0.4);
  const MemoryRows rows(view(values, columns));
  ThreadPool pool(1);
  const auto& world = Communicator::world();
  const std::vector<std::int64_t> ks{1, 3, 5};
  const MixtureOptions options{.covariance = Covariance::diagonal, .max_iter = 30, .seed = 2};
  const auto results = gaussian_mixtures(rows, ks, options, world, pool);
  REQUIRE(results.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) check_same(results[i], world, fit(rows, ks[i], options, world, pool), world);
  CHECK(results[0].log_likelihood < results[1].log_likelihood);
  CHECK(results[1].bic < results[0].bic);  // three clusters were made
}

TEST_CASE("wide rows, whose panels no longer fit the second cache, are fitted alike") {
  const std::int64_t columns = 1050;
  const auto values = example_rows(90, columns, 2, 1.0);
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  const MixtureOptions options{.max_iter = 2, .regularisation = 0.5, .seed = 1};
  const auto result = fit(MemoryRows(view(values, columns)), 2, options, world, pool);
  double total = 0;
  for (std::int64_t i = 0; i < 90; ++i) {
    const float* const row = values.data() + i * columns;
    const double a = plain_joint(result.model, row, 0), b = plain_joint(result.model, row, 1);
    total += std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
  }
  CHECK(result.log_likelihood == doctest::Approx(total / 90).epsilon(1e-10));
}

}  // namespace coterie
