#include "coterie/dist/exact_scale.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/dist/communicator.hpp"

namespace coterie {

TEST_CASE("a sum has the same bits in any order and over any number of ranks") {
  constexpr std::int64_t n = 10'000;
  const Random random(1, Purpose::test_data);
  const auto term = [&](std::int64_t i) { return (random.uniform(static_cast<std::uint64_t>(i)) - 0.5) * 2e6; };
  const ExactScale scale(1e6, n);
  std::int64_t forward = 0, backward = 0, mine = 0;
  double plain = 0;
  for (std::int64_t i = 0; i < n; ++i) forward += scale.quantise(term(i)), plain += term(i);
  for (std::int64_t i = n; i-- > 0;) backward += scale.quantise(term(i));
  const auto& world = Communicator::world();
  for (std::int64_t i = world.rank(); i < n; i += world.size()) mine += scale.quantise(term(i));
  CHECK(forward == backward);
  CHECK(world.sum(mine) == forward);
  CHECK(std::abs(scale.value(forward) - plain) < 1e-4 * std::abs(plain) + 1e-3);
  CHECK(scale.step() < 1e-7);
}

TEST_CASE("the largest possible sum does not overflow") {
  for (const double bound : {1e-30, 0.75, 1.0, 3e38})
    for (const std::int64_t terms : {std::int64_t{1}, std::int64_t{1000}, std::int64_t{100'000'000'000}}) {
      const ExactScale scale(bound, terms);
      const auto largest = static_cast<double>(scale.quantise(bound)) * static_cast<double>(terms);
      CHECK(largest <= 0x1p62);
      CHECK(scale.value(scale.quantise(bound)) == doctest::Approx(bound).epsilon(1e-6));
    }
}

TEST_CASE("nothing but zeros needs no scale, and a senseless bound is refused") {
  CHECK(ExactScale(0, 5).quantise(0) == 0);
  CHECK_THROWS_AS(ExactScale(std::numeric_limits<double>::infinity(), 5), InvalidArgument);
  CHECK_THROWS_AS(ExactScale(std::numeric_limits<double>::quiet_NaN(), 5), InvalidArgument);
}

}  // namespace coterie
