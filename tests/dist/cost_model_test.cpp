#include "coterie/dist/cost_model.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"

namespace coterie {

TEST_CASE("an allreduce costs nothing on one rank, and two latencies for each doubling with its share of the bytes") {
  const Interconnect slow{1e-3, 1e6};
  CHECK(allreduce_seconds(slow, 1e6, 1) == 0);
  CHECK(allreduce_seconds(slow, 0, 2) == doctest::Approx(2e-3));
  CHECK(allreduce_seconds(slow, 0, 8) == doctest::Approx(6e-3));
  CHECK(allreduce_seconds(slow, 0, 5) == doctest::Approx(6e-3));
  CHECK(allreduce_seconds(slow, 1e6, 4) == doctest::Approx(4e-3 + 1.5));
  CHECK_THROWS_AS(allreduce_seconds(slow, 1, 0), InvalidArgument);
}

TEST_CASE("a stage's shared part shrinks with the ranks, its serial part stays, its messages grow") {
  const Interconnect slow{1e-3, 1e6};
  const StageCost cost{"cluster", 100, 7, 50, 0, 0, 0};
  CHECK(seconds_on(cost, slow, 1) == doctest::Approx(107));
  CHECK(seconds_on(cost, slow, 4) == doctest::Approx(25 + 7 + 50 * 4e-3));
}

TEST_CASE("what is measured of the ranks at hand is positive and alike on all of them") {
  const auto& world = Communicator::world();
  const Interconnect found = measure_interconnect(world);
  CHECK(found.latency > 0);
  CHECK(found.latency < 1);
  CHECK(found.bandwidth > 1e6);
  CHECK(found.latency == world.max(found.latency));
  CHECK(found.bandwidth == world.max(found.bandwidth));
}

}  // namespace coterie
