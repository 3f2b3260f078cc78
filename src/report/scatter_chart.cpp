#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "chart_axes.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/report/scatter_chart.hpp"
#include "gnuplot.hpp"

namespace coterie::inline report {
namespace {

constexpr std::size_t kMostNames = 12;  // that a key has room for

// Okabe and Ito's colours, which are distinct in every common colour blindness, and after them darker ones.
constexpr std::array kColours = {"#2b7bba", "#cf6420", "#009e73", "#cc79a7", "#b39b00", "#56b4e9",
                                 "#7f3c8d", "#5a5a5a", "#8c2d04", "#1b5e20", "#0d47a1", "#ad1457"};

struct Window {
  double left, right, low, high;
};

// A square about the points' middle: one scale for both axes.
Window window_of(const std::vector<double>& x, const std::vector<double>& y) {
  const auto [left, right] = std::minmax_element(x.begin(), x.end());
  const auto [low, high] = std::minmax_element(y.begin(), y.end());
  const double half = std::max({(*right - *left) / 2, (*high - *low) / 2, 1e-9}) * 1.05;
  const double across = (*left + *right) / 2, up = (*low + *high) / 2;
  return {across - half, across + half, up - half, up + half};
}

}  // namespace

Chart scatter_chart(const std::string& name, const std::string& title, const std::vector<double>& x,
                    const std::vector<double>& y, const std::vector<std::int32_t>& groups,
                    const std::vector<std::string>& names, const std::string& ungrouped) {
  require(x.size() == y.size() && x.size() == groups.size(), "scatter_chart: {}, {} and {} values", x.size(), y.size(),
          groups.size());
  Chart chart{.name = name, .title = title};
  if (x.empty()) return chart;
  const auto points = std::ssize(x), step = (points + kMostChartPoints - 1) / kMostChartPoints;
  const bool key = !names.empty() && names.size() <= kMostNames;
  chart.width = key ? 560 : 420;
  chart.height = 440;
  chart.alt = fmt::format("A map of {} images as points{}{}. Distances between groups and their sizes mean little.",
                          points, step > 1 ? fmt::format(", of which each {}th is drawn", step) : "",
                          names.empty() ? "" : fmt::format(", coloured by {} groups", names.size()));
  const Window window = window_of(x, y);
  chart.script = axes(chart, "", "") +
                 fmt::format(
                     "unset grid\nunset xtics\nunset ytics\nset border 0\nset size ratio -1\nset xrange [{}:{}]\n"
                     "set yrange [{}:{}]\n{}\n",
                     window.left, window.right, window.low, window.high,
                     key ? "set key outside right top samplen 1 noenhanced" : "unset key");
  std::string plots;
  const auto draw = [&](std::int32_t group, const char* colour, const std::string& title_text) {
    std::string block;
    for (std::int64_t i = 0; i < points; i += step)
      if (const auto at = static_cast<std::size_t>(i); groups[at] == group)
        fmt::format_to(append(block), "{:.5g} {:.5g}\n", x[at], y[at]);
    if (block.empty()) return;
    const std::string data = fmt::format("$group{}", group + 1);
    chart.script += data + " << EOD\n" + block + "EOD\n";
    plots += fmt::format("{}{} using 1:2 with points pt 7 ps {} lc rgb '{}' title {}", plots.empty() ? "plot " : ", ",
                         data, points > 3000 ? 0.2 : 0.4, colour, title_text);
  };
  draw(-1, "#a8a8a8", key ? gnuplot_quoted(ungrouped) : "\"\"");
  for (std::size_t g = 0; g < std::max<std::size_t>(names.size(), 1); ++g)
    draw(static_cast<std::int32_t>(g), kColours[g % kColours.size()], key ? gnuplot_quoted(names[g]) : "\"\"");
  chart.script += plots + "\n";
  return chart;
}

}  // namespace coterie::inline report
