#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "chart_axes.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/report/chart.hpp"

namespace coterie::inline report {
namespace {

constexpr double kLargest = 0.09;  // radius of the largest circle, of the map's width

/// The two topics nearest to each other, and the one farthest from all.
std::string distances_text(const std::vector<double>& x, const std::vector<double>& y) {
  double least = -1, most = -1;
  std::pair<std::size_t, std::size_t> nearest;
  std::size_t outlier = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double distance = std::hypot(x[i] - x[j], y[i] - y[j]);
      sum += distance;
      if (i < j && (least < 0 || distance < least)) least = distance, nearest = {i, j};
    }
    if (sum > most) most = sum, outlier = i;
  }
  return fmt::format("Topics {} and {} lie nearest to each other, topic {} farthest from the others.", nearest.first,
                     nearest.second, outlier);
}

}  // namespace

Chart topic_map_chart(const std::string& name, const std::vector<double>& x, const std::vector<double>& y,
                      const std::vector<double>& shares, double shown) {
  require(x.size() == shares.size() && y.size() == shares.size(), "topic_map_chart: {} and {} places of {} topics",
          x.size(), y.size(), shares.size());
  Chart chart{.name = name, .title = "Topics by Jensen–Shannon distance of their words"};
  if (shares.size() < 2) return chart;
  chart.height = 400;
  const auto [left, right] = std::minmax_element(x.begin(), x.end());
  const auto [low, high] = std::minmax_element(y.begin(), y.end());
  // One scale for both axes, in a square about the points' middle.
  const double half = std::max({(*right - *left) / 2, (*high - *low) / 2, 1e-9}) * (1 + 2 * kLargest) * 1.05;
  const double across = (*left + *right) / 2, up = (*low + *high) / 2;
  const double largest = *std::max_element(shares.begin(), shares.end());
  chart.alt =
      fmt::format("{} The plane shows {:.0f} % of the distances' variance; a circle's area is the topic's share.",
                  distances_text(x, y), 100 * shown);
  chart.script =
      axes(chart, "", "") + fmt::format(
                                "unset grid\nunset xtics\nunset ytics\nset border 0\nset size ratio -1\n"
                                "set xzeroaxis lc rgb '#a8808080' lt 1\nset yzeroaxis lc rgb '#a8808080' lt 1\n"
                                "set xrange [{}:{}]\nset yrange [{}:{}]\n$topics << EOD\n",
                                across - half, across + half, up - half, up + half);
  std::vector<std::size_t> order(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return shares[a] > shares[b]; });  // small on top
  for (const auto k : order)
    fmt::format_to(append(chart.script), "{} {} {} \"{}\"\n", x[k], y[k],
                   2 * half * kLargest * std::sqrt(largest > 0 ? shares[k] / largest : 1), k);
  fmt::format_to(append(chart.script),
                 "EOD\nset style fill transparent solid 0.35 border lc rgb '{0}'\nset style circle noclip\n"
                 "plot $topics using 1:2:3 with circles lc rgb '{0}', "
                 "$topics using 1:2:4 with labels noenhanced\n",
                 kBlue);
  return chart;
}

}  // namespace coterie::inline report
