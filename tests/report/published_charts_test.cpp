#include "coterie/report/published_charts.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

// Width and height of a PNG, from its header.
std::pair<int, int> size_of(const std::string& png) {
  const auto number = [&](std::size_t at) {
    int value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = 256 * value + static_cast<unsigned char>(png.at(at + i));
    return value;
  };
  return {number(16), number(20)};
}

}  // namespace

TEST_CASE("figure 8 has a bar with its number for each name, the first below, in its published size") {
  const Chart chart = named_counts_chart({"1. Crowds", "2. Petitions"}, {4127, 938});
  CHECK(chart.script.find("$bars << EOD\n4127 1 4127\n938 2 938\nEOD") != std::string::npos);
  CHECK(chart.script.find("'1. Crowds' 1, '2. Petitions' 2") != std::string::npos);
  CHECK(size_of(chart_png(chart, kNamedCountsWidth, kNamedCountsHeight)) == std::pair(2268, 1962));
  CHECK(named_counts_chart({}, {}).empty());
  CHECK_THROWS_AS(named_counts_chart({"a"}, {}), InvalidArgument);
}

TEST_CASE("curves over k leave out what is not defined") {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const Chart scores = silhouette_scores_chart({2, 3, 4}, {0.19, none, 0.14});
  CHECK(scores.script.find("$curve << EOD\n2 0.19\n4 0.14\nEOD") != std::string::npos);
  CHECK(size_of(chart_png(scores, kScoresWidth, kScoresHeight)) == std::pair(640, 480));
  const Chart cost = cost_chart({1, 2}, {1.79e7, 4e5});
  CHECK(cost.script.find("1 17900000\n2 400000\n") != std::string::npos);
  CHECK(chart_png(cost, 640, 480).starts_with("\x89PNG"));
  CHECK_THROWS_AS(cost_chart({1, 2}, {1}), InvalidArgument);
}

TEST_CASE("bags of words lie over each other, words that do not occur left out") {
  const Chart chart = bags_chart("it's a", {{0, 3, 1}, {2, 0, 0}, {0, 0, 0}});
  CHECK(chart.script.find("$bag0 << EOD\n1 3\n2 1\nEOD\n$bag1 << EOD\n0 2\nEOD\nplot $bag0") != std::string::npos);
  CHECK(chart.script.find("$bag2") == std::string::npos);
  CHECK(size_of(chart_png(chart, kScoresWidth, kScoresHeight)) == std::pair(640, 480));
  CHECK(bags_chart("a", {}).empty());
  CHECK_THROWS_AS(bags_chart("a", {{1, 2}, {1}}), InvalidArgument);
}

TEST_CASE("positions are drawn in the plane and in space") {
  CHECK(positions_chart({0, 1}, {2, 3}).script.find("plot $points using 1:2 ") != std::string::npos);
  const Chart space = positions_chart({0, 1}, {2, 3}, {4, 5});
  CHECK(space.script.find("splot $points using 1:2:3 ") != std::string::npos);
  CHECK(chart_png(space, 640, 480).starts_with("\x89PNG"));
  CHECK_THROWS_AS(positions_chart({0, 1}, {2, 3}, {4}), InvalidArgument);
}

TEST_CASE("silhouettes lie in blocks ten apart, beside the images by their first two numbers") {
  const SilhouettePanels panels{.k = 2,
                                .labels = {0, 1, 0},
                                .silhouettes = {0.5F, 0.25F, -0.125F},
                                .x = {1, 2, 3},
                                .y = {4, 5, 6},
                                .centroid_x = {2, 2},
                                .centroid_y = {5, 5}};
  const Chart chart = silhouette_panels_chart(panels);
  CHECK(chart.script.find("$blade0 << EOD\n0 10\n-0.125 10\n0.5 11\n0 11\nEOD") != std::string::npos);
  CHECK(chart.script.find("$blade1 << EOD\n0 22\n0.25 22\n0 22\nEOD") != std::string::npos);
  CHECK(chart.script.find("$points1 << EOD\n2 5\nEOD") != std::string::npos);
  CHECK(chart.script.find("#000000") != std::string::npos);  // nipy_spectral at 0
  CHECK(chart.alt == "The mean silhouette of 2 clusters is 0.2083.");
  CHECK(size_of(chart_png(chart, kPanelsWidth, kPanelsHeight)) == std::pair(1800, 700));
}

}  // namespace coterie
