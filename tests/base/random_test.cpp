#include "coterie/base/random.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace coterie {

TEST_CASE("a draw depends on seed, purpose, step and index, and on nothing else") {
  const Random a(1, Purpose::test_data);
  CHECK(a.bits(5) == Random(1, Purpose::test_data).bits(5));
  CHECK(a.bits(5) != a.bits(6));
  CHECK(a.bits(5) != Random(2, Purpose::test_data).bits(5));
  CHECK(a.bits(5) != Random(1, Purpose::kmeans_seeding).bits(5));
  CHECK(a.bits(5) != Random(1, Purpose::test_data, 1).bits(5));
}

TEST_CASE("bounded draws stay within bounds and reach all values") {
  const Random random(3, Purpose::test_data);
  std::vector<int> seen(7, 0);
  for (std::uint64_t i = 0; i < 7'000; ++i) ++seen.at(static_cast<std::size_t>(random.below(i, 7)));
  for (const int count : seen) CHECK(count > 850);  // expected 1000, standard deviation 29
  CHECK(random.below(9, 1) == 0);
}

TEST_CASE("uniform and normal draws have the moments of their distributions") {
  const Random random(4, Purpose::test_data);
  double sum = 0, normal_sum = 0, normal_squares = 0;
  constexpr int n = 100'000;
  for (std::uint64_t i = 0; i < n; ++i) {
    const double u = random.uniform(i), z = random.normal(i);
    REQUIRE((u >= 0 && u < 1));
    sum += u;
    normal_sum += z;
    normal_squares += z * z;
  }
  CHECK(std::abs(sum / n - 0.5) < 5 * 0.2887 / std::sqrt(n));  // five standard errors
  CHECK(std::abs(normal_sum / n) < 5 / std::sqrt(n));
  CHECK(std::abs(normal_squares / n - 1) < 5 * std::sqrt(2.0 / n));
}

}  // namespace coterie
