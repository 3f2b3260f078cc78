#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/reduction/pca.hpp"
#include "test_rows.hpp"

namespace coterie {
namespace {

constexpr PcaSolver kSolvers[] = {PcaSolver::covariance, PcaSolver::tsqr, PcaSolver::gram, PcaSolver::randomised,
                                  PcaSolver::incremental};

/// Rows whose columns' deviations fall like 1 / (1 + c)^decay, far from the origin, turned so that no axis is a column.
TestRows decaying(std::int64_t rows, std::int64_t columns, double decay, std::uint64_t seed = 1) {
  TestRows result(rows, columns, seed);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t c = 0; c < columns; ++c)
      result.at(i, c) *= static_cast<float>(std::pow(1.0 + static_cast<double>(c), -decay));
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t c = 0; c + 1 < columns; ++c) {
      const float a = result.at(i, c), b = result.at(i, c + 1);
      result.at(i, c) = 0.8F * a + 0.6F * b + (c % 3 == 0 ? 2.F : 0.F);
      result.at(i, c + 1) = 0.8F * b - 0.6F * a;
    }
  return result;
}

double dot(const double* a, const double* b, std::int64_t size) {
  double sum = 0;
  for (std::int64_t i = 0; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

double skewness(const Pca& pca) {
  double most = 0;
  const std::int64_t d = pca.dimensions;
  for (std::int64_t a = 0; a < pca.count(); ++a)
    for (std::int64_t b = 0; b <= a; ++b)
      most = std::max(most, std::abs(dot(&pca.components[static_cast<std::size_t>(a * d)],
                                         &pca.components[static_cast<std::size_t>(b * d)], d) -
                                     (a == b)));
  return most;
}

/// The largest difference of two sets of axes, either sign.
double axes_distance(const Pca& a, const Pca& b, std::int64_t count) {
  double most = 0;
  for (std::int64_t k = 0; k < count; ++k) {
    double same = 0, turned = 0;
    for (std::int64_t c = 0; c < a.dimensions; ++c) {
      const auto at = static_cast<std::size_t>(k * a.dimensions + c);
      same = std::max(same, std::abs(a.components[at] - b.components[at]));
      turned = std::max(turned, std::abs(a.components[at] + b.components[at]));
    }
    most = std::max(most, std::min(same, turned));
  }
  return most;
}

/// |A - A V V'|, the spectral norm for the centred rows A, by a hundred power iterations: a little below it.
double missed_norm(const TestRows& rows, const Pca& pca) {
  const std::int64_t n = rows.rows(), d = rows.columns();
  std::vector<double> x(static_cast<std::size_t>(d)), next(x.size());
  for (std::size_t c = 0; c < x.size(); ++c) x[c] = std::cos(static_cast<double>(c * c));
  double norm = 0;
  for (int iteration = 0; iteration < 100; ++iteration) {
    for (std::int64_t k = 0; k < pca.count(); ++k) {
      const double* axis = pca.components.data() + k * d;
      const double share = dot(axis, x.data(), d);
      for (std::int64_t c = 0; c < d; ++c) x[static_cast<std::size_t>(c)] -= share * axis[c];
    }
    const double length = std::sqrt(dot(x.data(), x.data(), d));
    for (double& value : x) value /= length;
    std::fill(next.begin(), next.end(), 0.0);
    for (std::int64_t i = 0; i < n; ++i) {
      double share = 0;
      for (std::int64_t c = 0; c < d; ++c) {
        const auto at = static_cast<std::size_t>(c);
        share += (rows.values[static_cast<std::size_t>(i * d + c)] - pca.mean[at]) * x[at];
      }
      for (std::int64_t c = 0; c < d; ++c) {
        const auto at = static_cast<std::size_t>(c);
        next[at] += share * (rows.values[static_cast<std::size_t>(i * d + c)] - pca.mean[at]);
      }
    }
    norm = std::sqrt(dot(next.data(), x.data(), d));
    x = next;
  }
  return norm;
}

Pca fit(const TestRows& rows, const PcaOptions& options) {
  ThreadPool pool(2);
  return fit_pca(rows, options, Communicator::world(), pool);
}

}  // namespace

TEST_CASE("a fit says how far it is, by every solver, with the same result") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(1);
  const TestRows wide = decaying(60, 90, 1), tall = decaying(6000, 12, 1);
  for (const PcaSolver solver : kSolvers) {
    const TestRows& rows = solver == PcaSolver::gram ? wide : tall;
    PcaOptions options{.components = 3, .solver = solver};
    const Pca silent = fit_pca(rows, options, comm, pool);
    std::vector<double> shares;
    options.on_share = [&](double share) { shares.push_back(share); };
    CHECK(fit_pca(rows, options, comm, pool).components == silent.components);
    if (!comm.is_root()) continue;  // another rank may have no share of so few rows
    CHECK(std::is_sorted(shares.begin(), shares.end()));
    REQUIRE_FALSE(shares.empty());
    CHECK(shares.back() == doctest::Approx(1));
  }
}

TEST_CASE("wide rows have the axes and variances from their inner products that they have from tsqr") {
  for (const Normalise normalise : {Normalise::none, Normalise::standard, Normalise::l2})
    for (const auto& shape : {std::pair<std::int64_t, std::int64_t>{45, 3000}, {300, 900}, {40, 40}, {60, 25}}) {
      const std::int64_t n = shape.first, d = shape.second;
      CAPTURE(n);
      const TestRows rows = decaying(n, d, 0.5);
      const Pca wide = fit(rows, {.normalise = normalise, .solver = PcaSolver::gram});
      const Pca exact = fit(rows, {.normalise = normalise, .solver = PcaSolver::tsqr});
      CHECK(wide.solver == PcaSolver::gram);
      CHECK(wide.error_bound == 0);
      REQUIRE(wide.count() == std::min(n, d));
      CHECK(wide.mean == exact.mean);
      CHECK(distance(wide.explained_variance, exact.explained_variance) < 1e-12 * exact.total_variance);
      CHECK(wide.total_variance == doctest::Approx(exact.total_variance).epsilon(1e-13));
      CHECK(axes_distance(wide, exact, 8) < 1e-9);
      CHECK(skewness(wide) < 1e-12);
    }
}

TEST_CASE("axes without variance are completed to an orthonormal set, and whiten to nothing") {
  TestRows rows(30, 50);
  for (std::int64_t i = 0; i < 30; ++i)
    for (std::int64_t c = 0; c < 50; ++c)  // each row is one of six: five directions once centred
      rows.at(i, c) = rows.at(i % 6, c);
  for (const PcaSolver solver : kSolvers) {
    CAPTURE(solver_name(solver));
    const Pca pca = fit(rows, {.whiten = true, .components = 12, .solver = solver, .batch_rows = 15});
    REQUIRE(pca.count() == 12);
    CHECK(skewness(pca) < 1e-12);
    for (std::size_t k = 0; k < 12; ++k) CHECK((pca.explained_variance_ratio[k] > 1e-3) == (k < 5));
    std::vector<float> out(12);
    project(pca, {rows.values.data(), 1, 50}, out.data());
    for (std::size_t k = 5; k < 12; ++k) CHECK(out[k] == 0);
    CHECK(out[0] != 0);
  }
}

TEST_CASE("every solver has the same bits on any number of ranks and threads") {
  const TestRows tall = decaying(2600, 70, 0.7), wide = decaying(560, 600, 0.4);
  ThreadPool one(1), three(3);
  for (const TestRows* rows : {&tall, &wide})
    for (const PcaSolver solver : kSolvers) {
      if (solver == PcaSolver::gram && rows == &tall) continue;  // a matrix of 2600 x 2600 for nothing
      CAPTURE(solver_name(solver));
      TestRows resident = *rows;
      resident.in_memory = true;
      const PcaOptions options{.normalise = Normalise::l2, .components = 9, .solver = solver, .batch_rows = 500};
      const Pca alone = fit_pca(*rows, options, Communicator::self(), one);
      const Pca together = fit_pca(resident, options, Communicator::world(), three);
      CHECK(alone.components == together.components);
      CHECK(alone.explained_variance == together.explained_variance);
      CHECK(alone.mean == together.mean);
      CHECK(alone.total_variance == together.total_variance);
      CHECK(alone.error_bound == together.error_bound);
    }
}

TEST_CASE("randomised axes are the exact ones where the spectrum falls, and say how far off they may be where not") {
  const TestRows steep = decaying(900, 80, 2);
  const Pca exact = fit(steep, {.components = 5});
  const Pca close = fit(steep, {.components = 5, .solver = PcaSolver::randomised});
  CHECK(close.solver == PcaSolver::randomised);
  CHECK(close.error_bound > 0);
  CHECK(close.error_bound < 1e-6);
  CHECK(distance(close.explained_variance, exact.explained_variance) < 1e-12 * exact.total_variance);
  CHECK(distance(close.explained_variance_ratio, exact.explained_variance_ratio) < 1e-12);
  CHECK(axes_distance(close, exact, 5) < 1e-7);

  const TestRows flat = decaying(500, 90, 0.1);
  const Pca all = fit(flat, {});
  double before = 1;
  for (const int iterations : {0, 2, 12}) {
    const Pca rough = fit(
        flat, {.components = 6, .solver = PcaSolver::randomised, .oversampling = 4, .power_iterations = iterations});
    const double excess = (missed_norm(flat, rough) - all.singular_values[6]) / all.singular_values[0];
    CHECK(excess <= rough.error_bound);
    CHECK(rough.error_bound < before);
    CHECK(skewness(rough) < 1e-13);
    before = rough.error_bound;
  }
  const Pca one = fit(flat, {.components = 6, .solver = PcaSolver::randomised, .power_iterations = 0, .seed = 1});
  const Pca two = fit(flat, {.components = 6, .solver = PcaSolver::randomised, .power_iterations = 0, .seed = 2});
  CHECK(one.components != two.components);
}

TEST_CASE("incremental axes are the exact ones when nothing is dropped, and bound their error when something is") {
  const TestRows rows = decaying(700, 30, 0.5);
  for (const Normalise normalise : {Normalise::none, Normalise::standard, Normalise::l2}) {
    const Pca exact = fit(rows, {.normalise = normalise, .solver = PcaSolver::tsqr});
    for (const std::int64_t batch : {31, 200, 699, 700, 5000}) {
      const Pca pca = fit(rows, {.normalise = normalise, .solver = PcaSolver::incremental, .batch_rows = batch});
      CHECK(pca.error_bound == 0);
      CHECK(distance(pca.mean, exact.mean) < 1e-13);
      CHECK(distance(pca.explained_variance, exact.explained_variance) < 1e-12 * exact.total_variance);
      CHECK(pca.total_variance == doctest::Approx(exact.total_variance).epsilon(1e-12));
      CHECK(axes_distance(pca, exact, 3) < 1e-9);
      CHECK(pca.constant_columns == exact.constant_columns);
    }
  }
  const Pca all = fit(rows, {});
  const Pca some = fit(rows, {.components = 4, .solver = PcaSolver::incremental, .batch_rows = 50});
  const double excess = (missed_norm(rows, some) - all.singular_values[4]) / all.singular_values[0];
  CHECK(excess <= some.error_bound);
  CHECK(some.error_bound > 0);
  CHECK(some.total_variance == doctest::Approx(all.total_variance).epsilon(1e-12));
  CHECK(skewness(some) < 1e-13);
}

// Grey pixels, as a baseline takes them: far more columns than a bidiagonal form is made of.
TEST_CASE("incremental and tsqr take any number of columns where rows are fewer") {
  const TestRows rows = decaying(24, 33'000, 0.3);
  const Pca exact = fit(rows, {.components = 5, .solver = PcaSolver::gram});
  for (const auto& options : {PcaOptions{.components = 5, .solver = PcaSolver::tsqr},
                              PcaOptions{.components = 5, .solver = PcaSolver::incremental, .batch_rows = 24}}) {
    const Pca pca = fit(rows, options);
    CHECK(axes_distance(pca, exact, 5) < 1e-9);
    CHECK(distance(pca.explained_variance, exact.explained_variance) < 1e-12 * exact.total_variance);
    CHECK(skewness(pca) < 1e-13);
  }
  const Pca some = fit(rows, {.components = 5, .solver = PcaSolver::incremental, .batch_rows = 8});
  CHECK(some.error_bound > 0);
  CHECK(skewness(some) < 1e-13);
  CHECK(some.explained_variance[0] == doctest::Approx(exact.explained_variance[0]).epsilon(0.05));
  CHECK_THROWS_WITH_AS(fit(rows, {.components = 5, .solver = PcaSolver::covariance}), doctest::Contains("too large"),
                       InvalidArgument);
}

TEST_CASE("incremental names the first row of a batch that is not finite, and reads each row once") {
  class Counted final : public RowSource {
   public:
    explicit Counted(const TestRows& rows) : reads(static_cast<std::size_t>(rows.rows())), rows_(rows) {}
    std::int64_t rows() const override { return rows_.rows(); }
    std::int64_t columns() const override { return rows_.columns(); }
    void read(RowRange range, float* out) const override {
      for (std::int64_t i = range.begin; i < range.end; ++i) ++reads[static_cast<std::size_t>(i)];
      rows_.read(range, out);
    }
    mutable std::vector<std::int64_t> reads;

   private:
    const TestRows& rows_;
  };
  TestRows rows = decaying(3000, 6, 0.5);
  const Counted counted(rows);
  ThreadPool pool(2);
  fit_pca(counted, {.components = 2, .solver = PcaSolver::incremental, .batch_rows = 1300}, Communicator::world(),
          pool);
  Communicator::world().sum(std::span(counted.reads));
  CHECK(counted.reads == std::vector<std::int64_t>(3000, 1));
  rows.at(2999, 1) = std::numeric_limits<float>::infinity();
  rows.at(1700, 4) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(fit(rows, {.solver = PcaSolver::incremental, .batch_rows = 1300}),
                       "row 1700 holds NaN or infinity in column 4: leave the row out or mend its feature",
                       InvalidArgument);
}

TEST_CASE("the cheapest exact solver is chosen, and an approximation only where it saves ten times") {
  const auto choice = [](std::int64_t rows, std::int64_t columns, const PcaOptions& options = {}) {
    return std::string(solver_name(choose_solver(rows, columns, options)));
  };
  CHECK(choice(20'000, 2048) == "covariance");
  CHECK(choice(20'000, 2048, {.components = 32}) == "covariance");
  CHECK(choice(1'000'000, 1280, {.components = 32}) == "covariance");
  CHECK(choice(45, 94'080) == "gram");
  CHECK(choice(2000, 94'080, {.components = 32}) == "gram");
  CHECK(choice(1000, 1280) == "gram");
  CHECK(choice(1, 1) == "covariance");
  CHECK(choice(20'000, 94'080, {.components = 16}) == "randomized");
  CHECK(choice(20'000, 94'080, {.components = 16, .variance = 0.9}) == "gram");
  CHECK(choice(20'000, 94'080) == "gram");
  CHECK(choice(100'000, 94'080, {.components = 32}) == "randomized");
  CHECK_THROWS_WITH_AS(choose_solver(100'000, 94'080, {}),
                       "100000 rows of 94080 columns are too many of both for a solver that finds all components (at "
                       "most 32768 of one): give the number of components, a tenth of either at most, or the solver "
                       "randomized or incremental",
                       InvalidArgument);
}

TEST_CASE("1e6 from the origin every solver finds the same axes, as exactly as near it") {
  for (const auto& [rows, d] : {std::pair{900, 12}, std::pair{40, 90}}) {
    const int n = rows;
    TestRows near = decaying(n, d, 0.7);
    for (float& value : near.values) value = std::round(value * 640) / 16;  // exact in float32 there, too
    TestRows far = near;
    for (float& value : far.values) value += 1e6F;
    for (const Normalise normalise : {Normalise::none, Normalise::standard})
      for (const PcaSolver solver : kSolvers) {
        CAPTURE(n);
        CAPTURE(solver_name(solver));
        const PcaOptions options{
            .normalise = normalise, .components = 5, .solver = solver, .power_iterations = 30, .batch_rows = n};
        const Pca a = fit(near, options), b = fit(far, options);
        for (std::size_t k = 0; k < 5; ++k) {
          CHECK(std::abs(a.singular_values[k] - b.singular_values[k]) < 1e-13 * a.singular_values[0]);
          CHECK(b.explained_variance_ratio[k] == doctest::Approx(a.explained_variance_ratio[k]).epsilon(1e-12));
        }
        CHECK(axes_distance(a, b, 5) < 1e-9);
        double worst = 0;
        for (std::size_t c = 0; c < a.mean.size(); ++c) worst = std::max(worst, std::abs(b.mean[c] - 1e6 - a.mean[c]));
        CHECK(worst < 1e-9);  // 1e6 * 2^-53, a few times
        std::vector<float> here(static_cast<std::size_t>(5 * n)), there(here);
        project(a, {near.values.data(), n, d}, here.data());
        project(b, {far.values.data(), n, d}, there.data());
        worst = 0;
        for (std::size_t i = 0; i < here.size(); ++i)
          worst = std::max(worst, std::abs(double{here[i]} - double{there[i]}));
        CHECK(worst < 1e-6 * a.singular_values[0]);  // rounded to float32
      }
  }
}

TEST_CASE("options that a solver cannot meet are refused") {
  const TestRows rows(60, 8);
  CHECK_THROWS_WITH_AS(fit(rows, {.variance = 0.9, .solver = PcaSolver::randomised}),
                       "a share of the variance (0.9) takes all singular values, which the solver randomized does not "
                       "find: give the number of components, or another solver",
                       InvalidArgument);
  CHECK_THROWS_AS(fit(rows, {.variance = 0.9, .solver = PcaSolver::incremental}), InvalidArgument);
  CHECK_THROWS_WITH_AS(fit(rows, {.components = 6, .solver = PcaSolver::incremental, .batch_rows = 5}),
                       "6 components asked for, but the first batch has 5 rows: give --batch-rows of 6 or more",
                       InvalidArgument);
  CHECK_THROWS_AS(fit(rows, {.oversampling = -1}), InvalidArgument);
  CHECK_THROWS_AS(fit(rows, {.power_iterations = -2}), InvalidArgument);
  CHECK_THROWS_AS(fit(rows, {.batch_rows = -1}), InvalidArgument);
  CHECK_THROWS_AS(fit(rows, {.normalise_after = Normalise::standard}), InvalidArgument);
}

}  // namespace coterie
