#include "coterie/reduction/pca.hpp"

#include <doctest/doctest.h>

#include <utility>

#include "coterie/base/errors.hpp"
#include "test_rows.hpp"

namespace coterie {
namespace {

/// All rows' projections, gathered from their owners.
std::vector<float> projected(const RowSource& rows, const Pca& pca, const Communicator& comm, ThreadPool& pool) {
  std::vector<float> own;
  std::int64_t next = RowPartition(rows.rows(), kProjectBlockRows, comm.size()).rows_of(comm.rank()).begin;
  project_rows(rows, pca, comm, pool, [&](RowRange range, const float* values) {
    CHECK(range.begin == std::exchange(next, range.end));
    own.insert(own.end(), values, values + range.size() * pca.count());
  });
  return comm.gather_all(std::span<const float>(own));
}

double dot(const double* a, const double* b, std::int64_t size) {
  double sum = 0;
  for (std::int64_t i = 0; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

void check_same(const Pca& a, const Pca& b) {
  CHECK(a.mean == b.mean);
  CHECK(a.scale == b.scale);
  CHECK(a.components == b.components);
  CHECK(a.explained_variance == b.explained_variance);
  CHECK(a.singular_values == b.singular_values);
  CHECK(a.total_variance == b.total_variance);
}

struct Reference {
  const char *rows, *name;
  Normalise normalise;
  std::int64_t axes;  ///< beyond these the variance is nothing and the axes are arbitrary
};
constexpr Reference kReferences[] = {{"rows", "none", Normalise::none, 11},
                                     {"rows", "standard", Normalise::standard, 11},
                                     {"rows", "l2", Normalise::l2, 12},
                                     {"wide", "wide", Normalise::none, 8}};

}  // namespace

TEST_CASE("axes, variances and projections are those of scikit-learn") {
  ThreadPool pool(2);
  const auto& world = Communicator::world();
  for (const auto& [file, name, normalise, axes] : kReferences)
    for (const PcaSolver solver : {PcaSolver::automatic, PcaSolver::covariance, PcaSolver::tsqr, PcaSolver::gram}) {
      const std::string prefix(name);
      CAPTURE(prefix);
      const TestRows rows{std::string(file)};
      const Pca pca = fit_pca(rows, {.normalise = normalise, .solver = solver}, world, pool);
      CHECK(distance(pca.explained_variance, reference(prefix + "_variance")) < 1e-11);
      CHECK(distance(pca.explained_variance_ratio, reference(prefix + "_ratio")) < 1e-13);
      // A singular value of nothing comes out of the covariance as the root of its error, 1e-8 of the largest.
      CHECK(distance(pca.singular_values, reference(prefix + "_singular")) <
            (solver == PcaSolver::tsqr ? 1e-11 : 1e-5));
      auto expected = reference(prefix + "_components");
      auto components = pca.components;
      expected.resize(static_cast<std::size_t>(axes * rows.columns()));
      components.resize(expected.size());
      CHECK(distance(components, expected) < 1e-9);
      if (normalise == Normalise::none) CHECK(distance(pca.mean, reference(prefix + "_mean")) < 1e-13);

      const auto values = projected(rows, pca, world, pool);
      const auto wanted = reference(prefix + "_projected");
      for (std::int64_t i = 0; i < rows.rows(); ++i)
        for (std::int64_t k = 0; k < 5; ++k)  // rounded once to float32
          CHECK(values[static_cast<std::size_t>(i * pca.count() + k)] ==
                doctest::Approx(wanted[static_cast<std::size_t>(i * 5 + k)]).epsilon(1e-7).scale(1));
      const Pca kept = fit_pca(rows, {.normalise = normalise, .variance = 0.95, .solver = solver}, world, pool);
      CHECK(kept.count() == read_npy<std::int64_t>(TestRows::reference_path(prefix + "_kept95"))[0]);
    }
}

TEST_CASE("a fit and its projections have the same bits on any number of ranks and threads") {
  const TestRows rows(6000, 300);  // wide enough for threads to share the vectors
  TestRows resident = rows;
  resident.in_memory = true;
  ThreadPool one(1), two(2);
  for (const PcaSolver solver : {PcaSolver::covariance, PcaSolver::tsqr}) {
    const PcaOptions options{
        .normalise = Normalise::l2, .normalise_after = Normalise::l2, .components = 70, .solver = solver};
    const Pca alone = fit_pca(rows, options, Communicator::self(), one);
    const Pca together = fit_pca(resident, options, Communicator::world(), two);
    check_same(alone, together);
    CHECK(projected(rows, alone, Communicator::self(), one) == projected(rows, together, Communicator::world(), two));
  }
}

TEST_CASE("axes are orthonormal, shares sum to one, and all axes give the rows back") {
  ThreadPool pool(2);
  const TestRows rows(400, 30);
  for (const PcaSolver solver : {PcaSolver::covariance, PcaSolver::tsqr}) {
    const Pca pca = fit_pca(rows, {.solver = solver}, Communicator::world(), pool);
    REQUIRE(pca.count() == 30);
    double share = 0;
    for (std::int64_t a = 0; a < 30; ++a) {
      share += pca.explained_variance_ratio[static_cast<std::size_t>(a)];
      for (std::int64_t b = 0; b < 30; ++b)
        CHECK(std::abs(dot(&pca.components[static_cast<std::size_t>(a * 30)],
                           &pca.components[static_cast<std::size_t>(b * 30)], 30) -
                       (a == b)) < 1e-13);
    }
    CHECK(share == doctest::Approx(1).epsilon(1e-14));
    std::vector<float> out(30);
    project(pca, {rows.values.data(), 1, 30}, out.data());
    for (std::size_t j = 0; j < 30; ++j) {
      double x = pca.mean[j];
      for (std::size_t k = 0; k < 30; ++k) x += out[k] * pca.components[k * 30 + j];
      CHECK(x == doctest::Approx(rows.values[j]).epsilon(1e-5).scale(1));
    }
  }
}

TEST_CASE("a row's projection does not depend on the rows around it") {
  ThreadPool pool(1);
  const TestRows rows(333, 50);
  const Pca pca = fit_pca(rows, {.components = 13}, Communicator::self(), pool);
  std::vector<float> all(333 * 13), one(13);
  project(pca, {rows.values.data(), 333, 50}, all.data());
  for (std::int64_t i = 0; i < 333; ++i) {
    project(pca, {rows.values.data() + i * 50, 1, 50}, one.data());
    CHECK(std::equal(one.begin(), one.end(), all.begin() + i * 13));
  }
  CHECK_THROWS_AS(project(pca, {rows.values.data(), 1, 49}, one.data()), InvalidArgument);
}

TEST_CASE("components and variance together keep the smaller number") {
  ThreadPool pool(1);
  const TestRows rows("rows");
  const auto count = [&](std::int64_t components, double variance) {
    return fit_pca(rows, {.components = components, .variance = variance}, Communicator::world(), pool).count();
  };
  const std::int64_t by_variance = count(0, 0.9);
  CHECK(by_variance > 1);
  CHECK(count(by_variance + 1, 0.9) == by_variance);
  for (const std::int64_t components : {std::int64_t{0}, std::int64_t{1}, by_variance + 1})
    CHECK(fit_pca(rows, {.components = components, .variance = 0.9}, Communicator::world(), pool).components_of_share ==
          by_variance);
  CHECK(count(by_variance - 1, 0.9) == by_variance - 1);
  CHECK(count(3, 0) == 3);
  CHECK(count(0, 0) == 12);
}

TEST_CASE("whitened projections have deviation 1, l2-normalised ones length 1") {
  ThreadPool pool(2);
  const TestRows rows(3000, 6);
  const auto& world = Communicator::world();
  const Pca white = fit_pca(rows, {.whiten = true, .components = 4}, world, pool);
  const auto values = projected(rows, white, world, pool);
  const auto statistics = column_statistics(MemoryRows({values.data(), 3000, 4}), Normalise::none, world, pool);
  const double population = std::sqrt(2999.0 / 3000);  // the deviations are of N - 1 degrees of freedom
  for (std::size_t c = 0; c < 4; ++c) CHECK(statistics.scale[c] == doctest::Approx(population).epsilon(1e-6));
  const Pca unit = fit_pca(rows, {.normalise_after = Normalise::l2, .components = 4}, world, pool);
  const auto units = projected(rows, unit, world, pool);
  for (std::int64_t i = 0; i < 3000; i += 100)
    CHECK(inverse_length(units.data() + i * 4, 4) == doctest::Approx(1).epsilon(1e-6));
}

TEST_CASE("one row, equal rows and fewer rows than ranks are fitted without a variance") {
  ThreadPool pool(2);
  for (const std::int64_t n : {std::int64_t{1}, std::int64_t{2}, std::int64_t{40}})
    for (const PcaSolver solver : {PcaSolver::automatic, PcaSolver::covariance, PcaSolver::tsqr, PcaSolver::gram,
                                   PcaSolver::randomised, PcaSolver::incremental}) {
      CAPTURE(solver_name(solver));
      const bool all = solver != PcaSolver::randomised && solver != PcaSolver::incremental;
      TestRows rows(n, 5);
      std::fill(rows.values.begin(), rows.values.end(), 0.1F);
      const Pca pca =
          fit_pca(rows, {.components = 1, .variance = all ? 0.9 : 0, .solver = solver}, Communicator::world(), pool);
      CHECK(pca.count() == 1);
      CHECK(pca.total_variance == 0);
      CHECK(pca.explained_variance_ratio == std::vector<double>{0});
      CHECK(pca.constant_columns.size() == 5);
      CHECK(dot(pca.components.data(), pca.components.data(), 5) == doctest::Approx(1));
      for (const float x : projected(rows, pca, Communicator::world(), pool)) CHECK(x == 0);
    }
}

TEST_CASE("options out of range and rows that are not finite are refused") {
  ThreadPool pool(1);
  TestRows rows(20, 5);
  const auto fit = [&](const PcaOptions& options) { return fit_pca(rows, options, Communicator::world(), pool); };
  CHECK_THROWS_WITH_AS(fit({.components = 6}), "6 components asked for, but 20 rows of 5 columns have at most 5",
                       InvalidArgument);
  CHECK_THROWS_AS(fit({.components = -1}), InvalidArgument);
  CHECK_THROWS_AS(fit({.variance = 1.5}), InvalidArgument);
  rows.at(11, 3) = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_WITH_AS(fit({}), "row 11 holds NaN or infinity in column 3: leave the row out or mend its feature",
                       InvalidArgument);
}

}  // namespace coterie
