// What the answers rest on: the kernel's error bound, its independence of the tile, and the agreement of labels.

#include <doctest/doctest.h>

#include <cmath>

#include "example_rows.hpp"
#include "labelling_agreement.hpp"
#include "rows/centroid_panels.hpp"
#include "vector_widths.hpp"

namespace coterie {

TEST_CASE("inner products keep their error bound, and no bit depends on how many rows share a tile") {
  for (const std::int64_t columns : {1, 7, 256, 257, 1000})
    for (const int vectors : {1, 2, 3}) {
      CAPTURE(columns);
      CAPTURE(vectors);
      const std::int64_t width = vectors * kLanes;
      const auto rows = example_rows(19, columns, 3, 1.0, 0.5);
      const auto panel = example_rows(columns, width, 5, 1.0, 0.5);
      std::vector<const float*> pointers;
      for (std::int64_t i = 0; i < 19; ++i) pointers.push_back(rows.data() + i * columns);
      std::vector<float> dots(static_cast<std::size_t>(19 * width)), alone(static_cast<std::size_t>(width));
      panel_dots(pointers.data(), 19, panel.data(), vectors, columns, dots.data());
      for (std::int64_t i = 0; i < 19; ++i) {
        panel_dots(pointers.data() + i, 1, panel.data(), vectors, columns, alone.data());
        for (std::int64_t lane = 0; lane < width; ++lane) {
          double dot = 0, row_norm = 0, lane_norm = 0;
          for (std::int64_t d = 0; d < columns; ++d) {
            const double x = pointers[static_cast<std::size_t>(i)][d],
                         y = panel[static_cast<std::size_t>(d * width + lane)];
            dot += x * y, row_norm += x * x, lane_norm += y * y;
          }
          const float computed = dots[static_cast<std::size_t>(i * width + lane)];
          CHECK(computed == alone[static_cast<std::size_t>(lane)]);
          const auto terms = static_cast<double>(std::min<std::int64_t>(columns, 256) + columns / 256 + 2);
          CHECK(std::abs(computed - dot) <= terms * 0x1p-24 * std::sqrt(row_norm * lane_norm));
        }
      }
    }
}

TEST_CASE("inner products are sums of fused chains of 256, to the bit, with vectors of every width") {
  with_each_vector_width([] {
    for (const std::int64_t columns : {1, 16, 250, 600, 1100})  // asked for ahead up to 1024
      for (const int vectors : {1, 2, 3}) {
        CAPTURE(columns);
        CAPTURE(vectors);
        const std::int64_t width = vectors * kLanes, count = 27;
        const auto rows = example_rows(count, columns, 3, 1.0, 0.5), panel = example_rows(columns, width, 5, 1.0, 0.5);
        std::vector<const float*> pointers;
        for (std::int64_t i = 0; i < count; ++i) pointers.push_back(rows.data() + (count - 1 - i) * columns);
        std::vector<float> dots(static_cast<std::size_t>(count * width));
        panel_dots(pointers.data(), count, panel.data(), vectors, columns, dots.data());
        int wrong = 0;
        for (std::int64_t i = 0; i < count; ++i)
          for (std::int64_t lane = 0; lane < width; ++lane)
            wrong +=
                dots[static_cast<std::size_t>(i * width + lane)] !=
                fused_chains<float>(
                    columns, kTermsPerSum, [&](std::int64_t d) { return pointers[static_cast<std::size_t>(i)][d]; },
                    [&](std::int64_t d) { return panel[static_cast<std::size_t>(d * width + lane)]; });
        CHECK(wrong == 0);
      }
  });
}

TEST_CASE("the lane minimum is the first smallest score and the second smallest beside it") {
  for (const int vectors : {1, 2, 3})
    for (std::uint64_t trial = 0; trial < 300; ++trial) {
      const Random random(trial, Purpose::test_data);
      std::vector<float> dots, biases;
      float best = INFINITY, second = INFINITY;
      for (int lane = 0; lane < vectors * kLanes; ++lane) {
        const auto at = static_cast<std::uint64_t>(lane);
        dots.push_back(static_cast<float>(random.below(at, 12)));  // few values: many ties
        biases.push_back(random.below(at + 100, 4) == 0 ? INFINITY : 1.0F);
        const float score = biases.back() - 2 * dots.back();
        if (score < best) {
          second = best, best = score;
        } else {
          second = std::min(second, score);
        }
      }
      const auto minimum = lane_minimum(dots.data(), biases.data(), vectors);
      CHECK(minimum.best == best);
      CHECK(minimum.second == second);
      const auto lane = static_cast<std::size_t>(minimum.lane);
      if (best < INFINITY) CHECK(biases[lane] - 2 * dots[lane] == best);
    }
}

TEST_CASE("panels hold each centroid once, whatever their grouping, and their error bound holds") {
  ThreadPool pool(2);
  for (const std::int64_t count : {1, 8, 24, 25, 40, 200}) {
    const std::int64_t columns = 33;
    const auto centroids = example_rows(count, columns, 7, 0.5, 2.0), rows = example_rows(6, columns, 2, 1.5, 2.0);
    const std::vector<float> offset(columns, 2.0F), zero(columns);
    CentroidPanels panels(count, columns);
    panels.group(view(centroids, columns));
    panels.pack(view(centroids, columns), offset.data(), pool);
    std::vector<int> seen(static_cast<std::size_t>(count));
    for (std::int64_t p = 0; p < panels.panels(); ++p) {
      std::vector<float> dots(static_cast<std::size_t>(panels.vectors(p) * kLanes));
      for (std::int64_t i = 0; i < 6; ++i) {
        const float* row = rows.data() + i * columns;
        const double spread = squared_distance(row, offset.data(), columns);
        const auto norm = static_cast<float>(std::sqrt(squared_distance(row, zero.data(), columns)) * (1 + 1e-6));
        panel_dots(&row, 1, panels.values(p), panels.vectors(p), columns, dots.data());
        for (std::size_t lane = 0; lane < panels.members(p).size(); ++lane) {
          const std::int32_t c = panels.members(p)[lane];
          const float computed = static_cast<float>(spread) + (panels.biases(p)[lane] - 2 * dots[lane]);
          const double truth = squared_distance(row, centroids.data() + c * columns, columns);
          CHECK(std::abs(computed - truth) <= panels.error(norm, static_cast<float>(spread)));
          if (i == 0) ++seen[static_cast<std::size_t>(c)];
          CHECK(panels.panel_of(c) == p);
        }
      }
    }
    CHECK(seen == std::vector<int>(static_cast<std::size_t>(count), 1));
  }
}

TEST_CASE("agreement is the adjusted Rand index over all ranks' rows") {
  const auto& world = Communicator::world();
  ThreadPool pool(2);
  // Rows 0 and 1 together, 2 and 3 apart or together: 4/7 (scikit-learn's documentation has this example).
  std::vector<std::vector<std::int32_t>> labellings(3);
  if (world.rank() == world.size() - 1) labellings = {{0, 0, 1, 2}, {0, 0, 1, 1}, {2, 2, 0, 1}};
  const auto agreement = pairwise_agreement(labellings, 3, world, pool);
  CHECK(agreement[0 * 3 + 1] == doctest::Approx(4.0 / 7));
  CHECK(agreement[0 * 3 + 2] == 1);  // other numbers, the same groups
  CHECK(agreement[1 * 3 + 0] == agreement[0 * 3 + 1]);
  CHECK(agreement[4] == 1);
  CHECK(mean_over_pairs(agreement, 3) == doctest::Approx((4.0 / 7 + 1 + 4.0 / 7) / 3));
}

}  // namespace coterie
