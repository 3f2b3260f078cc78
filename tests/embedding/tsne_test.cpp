#include "coterie/embedding/tsne.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "blobs.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/embedding/start.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

Affinities affinities_of(const RowSource& rows, double perplexity, const Communicator& comm, ThreadPool& pool) {
  const double usable = usable_perplexity(rows.rows(), perplexity);
  const Neighbours found = nearest_neighbours(rows, neighbours_for(rows.rows(), usable), comm, pool);
  return symmetric(found, gaussian_weights(found, usable, pool), rows.rows(), Symmetry::mean, comm);
}

TsneParameters short_run(const std::string& preset, std::int64_t rows, int dimensions) {
  TsneParameters made = tsne_preset(preset, rows, dimensions);
  made.early.iterations = 8;  // with ranks on few cores each takes its time
  made.late.iterations = 12;
  return made;
}

struct Made {
  std::vector<double> positions;
  double divergence;
};

Made map_of(const RowSource& rows, const TsneParameters& parameters, const Communicator& comm, int threads) {
  ThreadPool pool(threads);
  const Affinities affinities = affinities_of(rows, 10, comm, pool);
  auto start = principal_start(rows, parameters.dimensions, 1e-4, 0.01, 1, comm, pool, 1 << 28);
  const TsneResult found = tsne(affinities, parameters, {0, std::move(start), {}, {}}, comm, pool);
  CHECK_FALSE(found.stopped);
  CHECK(found.iterations == 20);
  return {found.positions, found.kl_divergence};
}

}  // namespace

TEST_CASE("the gradient is the slope of the divergence, whatever the degrees of freedom") {
  const TestRows rows = blobs(40, 4, 3);
  ThreadPool pool(1);
  const Communicator& alone = Communicator::self();
  const Affinities affinities = affinities_of(rows, 5, alone, pool);
  for (const int dimensions : {2, 3})
    for (const double freedom : {1.0, 2.0}) {
      TsneParameters parameters;
      parameters.dimensions = dimensions;
      parameters.degrees_of_freedom = freedom;
      auto positions = random_start(40, dimensions, 2, 3);
      const auto found = tsne_gradient(affinities, parameters, positions, 1, alone, pool);
      for (const std::size_t i : {0UL, 7UL, 50UL}) {
        constexpr double kStep = 1e-4;
        const auto at = [&](double step) {
          auto moved = positions;
          moved[i] += step;
          return tsne_gradient(affinities, parameters, moved, 1, alone, pool).kl_divergence;
        };
        const double slope = (at(kStep) - at(-kStep)) / (2 * kStep);
        // Affinities are float32, and so is the divergence's sum of them good to 1e-7.
        CHECK(2 * (freedom + 1) / freedom * found.local[i] == doctest::Approx(slope).epsilon(1e-4));
      }
    }
}

TEST_CASE("a map has the same bits on any number of ranks and threads, by pairs and by a grid") {
  const TestRows rows = blobs(300, 6, 4);
  for (const int dimensions : {2, 3})
    for (const Repulsion repulsion : {Repulsion::exact, Repulsion::grid}) {
      TsneParameters parameters = short_run("opentsne", 300, dimensions);
      parameters.repulsion = repulsion;
      const Made shared = map_of(rows, parameters, world(), 2),
                 alone = map_of(rows, parameters, Communicator::self(), 1);
      CHECK(shared.positions == alone.positions);
      CHECK(shared.divergence == alone.divergence);
    }
}

TEST_CASE("each preset brings rows of a group together") {
  if (!world().is_root()) return;  // whole optimisations, which one rank is enough for
  const TestRows rows = blobs(200, 6, 4);
  const Communicator& alone = Communicator::self();
  for (const std::string preset : {"opentsne", "sklearn", "sklearn-2019", "umap-like"}) {
    ThreadPool pool(2);
    const Affinities affinities = affinities_of(rows, 10, alone, pool);
    const TsneParameters parameters = tsne_preset(preset, 200, 2);
    const auto found = tsne(affinities, parameters, {0, random_start(200, 2, 1e-4, 1), {}, {}}, alone, pool);
    CAPTURE(preset);
    CHECK(found.kl_divergence < (preset == "umap-like" ? 1.5 : 0.6));
    std::vector<float> positions(found.positions.begin(), found.positions.end());
    const MemoryRows there({positions.data(), 200, 2});
    const Neighbours nearest = nearest_neighbours(there, 1, alone, pool);
    int same = 0;
    for (std::int64_t i = 0; i < 200; ++i) same += nearest.indices_of(i)[0] % 4 == i % 4 ? 1 : 0;
    CHECK(same == 200);
  }
  CHECK_THROWS_WITH_AS(tsne_preset("tsne", 100, 2), doctest::Contains("umap-like"), InvalidArgument);
}

TEST_CASE("an optimisation that was stopped and goes on has the bits of one that was not") {
  const TestRows rows = blobs(150, 6, 3);
  ThreadPool pool(2);
  const Affinities affinities = affinities_of(rows, 10, world(), pool);
  for (const std::string preset : {"opentsne", "sklearn"}) {
    const TsneParameters parameters = short_run(preset, 150, 2);
    const auto start = random_start(150, 2, 1e-4, 1);
    const auto whole = tsne(affinities, parameters, {0, start, {}, {}}, world(), pool);
    for (const std::int64_t stop : {preset == "sklearn" ? 15 : 8}) {
      TsneState kept;
      TsneWatch watch;
      watch.after = [&](const TsneReport& report, const std::function<TsneState()>& state) {
        if (report.iteration < stop) return true;
        kept = state();
        return false;
      };
      const auto part = tsne(affinities, parameters, {0, start, {}, {}}, world(), pool, watch);
      CHECK(part.stopped);
      CHECK(kept.iteration == stop);
      const auto rest = tsne(affinities, parameters, kept, world(), pool);
      CHECK(rest.positions == whole.positions);
      CHECK(rest.kl_divergence == whole.kl_divergence);
    }
  }
}

TEST_CASE("one row, two, three, equal ones and hundreds of duplicates have a map") {
  ThreadPool pool(2);
  const auto run = [&](const RowSource& rows, int dimensions, const Communicator& comm = Communicator::self()) {
    const Affinities affinities = affinities_of(rows, 30, comm, pool);
    TsneParameters parameters = short_run("opentsne", rows.rows(), dimensions);
    auto start = principal_start(rows, dimensions, 1e-4, 0.01, 1, comm, pool, 1 << 28);
    const auto found = tsne(affinities, parameters, {0, std::move(start), {}, {}}, comm, pool);
    CHECK(std::ssize(found.positions) == rows.rows() * dimensions);
    for (const double x : found.positions) CHECK(std::isfinite(x));
    CHECK(std::isfinite(found.kl_divergence));
  };
  run(TestRows(2, 3), 2, world());  // fewer than ranks
  if (!world().is_root()) return;
  for (const int dimensions : {2, 3}) {
    for (const std::int64_t rows : {1, 2, 3, 4}) run(TestRows(rows, 3), dimensions);
    TestRows same(100, 3);
    std::fill(same.values.begin(), same.values.end(), 2.5F);
    run(same, dimensions);
    if (dimensions == 3) continue;
    TestRows doubles = blobs(400, 1, 2);
    for (std::int64_t i = 0; i < 300; ++i) doubles.at(i, 0) = 7;
    run(doubles, dimensions);
  }
}

TEST_CASE("a learning rate that is too high is an error, not a map of nothing") {
  const TestRows rows = blobs(60, 4, 2);
  ThreadPool pool(1);
  const Affinities affinities = affinities_of(rows, 5, world(), pool);
  TsneParameters parameters = short_run("sklearn-2019", 60, 2);
  parameters.early.learning_rate = 1e300;
  CHECK_THROWS_WITH_AS(tsne(affinities, parameters, {0, random_start(60, 2, 1, 1), {}, {}}, world(), pool),
                       doctest::Contains("lower the learning rate"), Error);
}

}  // namespace coterie
