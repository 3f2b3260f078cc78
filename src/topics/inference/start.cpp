#include "inference/start.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "coterie/base/random.hpp"

namespace coterie::inline topics {
namespace {

/// Marsaglia, Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000), for shapes of 1 and more:
/// of shape 100, one draw in 3,000 is refused and drawn again.
double gamma_draw(std::uint64_t seed, std::uint64_t index, double shape) {
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (std::uint32_t attempt = 0;; ++attempt) {
    const double x = Random(seed, Purpose::topic_start, 2 * attempt).normal(index);
    const double root = 1 + c * x, v = root * root * root;
    if (root <= 0) continue;
    const double u = 1 - Random(seed, Purpose::topic_start, 2 * attempt + 1).uniform(index);
    if (std::log(u) < 0.5 * x * x + d * (1 - v + std::log(v))) return d * v;
  }
}

}  // namespace

std::vector<double> draw_lambda(std::int64_t vocabulary, std::int64_t topics, std::uint64_t seed, ThreadPool& pool) {
  std::vector<double> lambda(static_cast<std::size_t>(vocabulary * topics));
  pool.for_each(vocabulary, [&](std::int64_t w, int) {
    for (std::int64_t k = 0; k < topics; ++k)
      lambda[static_cast<std::size_t>(w * topics + k)] =
          0.01 * gamma_draw(seed, static_cast<std::uint64_t>(k * vocabulary + w), 100);
  });
  return lambda;
}

std::vector<std::int64_t> draw_order(std::int64_t documents, std::uint64_t seed, std::int64_t pass) {
  const Random random(seed, Purpose::document_order, static_cast<std::uint32_t>(pass));
  std::vector<std::uint64_t> keys(static_cast<std::size_t>(documents));
  for (std::size_t d = 0; d < keys.size(); ++d) keys[d] = random.bits(d);
  std::vector<std::int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const auto first = keys[static_cast<std::size_t>(a)], second = keys[static_cast<std::size_t>(b)];
    return first != second ? first < second : a < b;
  });
  return order;
}

}  // namespace coterie::inline topics
