#include "coterie/evaluation/pair_distances.hpp"

#include <doctest/doctest.h>

#include "coterie/base/random.hpp"
#include "vector_widths.hpp"

namespace coterie {
namespace {

std::vector<float> noise(std::int64_t count, std::uint64_t seed) {
  const Random random(seed, Purpose::test_data);
  std::vector<float> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>(random.normal(static_cast<std::uint64_t>(i))));
  return values;
}

}  // namespace

TEST_CASE("products of pairs are sums of fused chains of 256, to the bit, with vectors of every width") {
  for (const std::int64_t columns : {1, 32, 256, 700}) {
    CAPTURE(columns);
    const std::int64_t size = 90, count = 31, stride = count * kGroup;  // five whole panels and one in part
    const auto others = noise(size * columns, 1), rows = noise(count * columns, 2);
    LaneTile lanes;
    lanes.pack(others.data(), size, columns);
    with_each_vector_width([&] {
      std::vector<float> out(static_cast<std::size_t>(lanes.groups() * stride), -7.0F);
      pair_products(lanes, 0, lanes.groups(), rows.data(), count, columns, out.data(), stride);
      int wrong = 0;
      for (std::int64_t r = 0; r < count; ++r)
        for (std::int64_t lane = 0; lane < lanes.groups() * kGroup; ++lane) {
          float expected = lane < 96 ? 0.0F : -7.0F;
          if (lane < size)
            expected = fused_chains<float>(
                columns, 256, [&](std::int64_t d) { return rows[static_cast<std::size_t>(r * columns + d)]; },
                [&](std::int64_t d) { return others[static_cast<std::size_t>(lane * columns + d)]; });
          const std::int64_t at = lane / kGroup * stride + r * kGroup + lane % kGroup;
          wrong += out[static_cast<std::size_t>(at)] != expected;
        }
      CHECK(wrong == 0);
    });
  }
}

}  // namespace coterie
