#include "coterie/base/legacy_shuffle.hpp"

#include <bit>
#include <numeric>
#include <random>
#include <utility>

#include "coterie/base/errors.hpp"

namespace coterie {

std::vector<std::int64_t> legacy_permutation(std::int64_t n, std::uint32_t seed) {
  require(n >= 0 && n <= INT64_C(0xFFFFFFFF), "a permutation of {}", n);  // beyond it NumPy draws 64 bits
  std::mt19937 twister(seed);  // NOLINT(cert-msc51-cpp,bugprone-random-generator-seed): the seed is published
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::uint32_t last = n > 0 ? static_cast<std::uint32_t>(n - 1) : 0; last > 0; --last) {
    const std::uint32_t mask = ~std::uint32_t{0} >> static_cast<unsigned>(std::countl_zero(last));
    std::uint32_t place = 0;
    do place = static_cast<std::uint32_t>(twister()) & mask;
    while (place > last);
    std::swap(order[last], order[place]);
  }
  return order;
}

}  // namespace coterie
