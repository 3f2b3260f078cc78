#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "chart_axes.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/report/chart.hpp"
#include "gnuplot.hpp"

namespace coterie::inline report {
namespace {

constexpr std::size_t kMostLetters = 40;  ///< of a name
constexpr double kTooDark = 0.9;          ///< shades from here on have white numbers: at least 4.5:1 on either side

/// A long name without its middle.
std::string shortened(const std::string& name, std::size_t most) {
  if (name.size() <= most) return name;
  const std::size_t half = (most - 2) / 2;
  return name.substr(0, half) + ".." + name.substr(name.size() - half);
}

}  // namespace

Chart agreement_map(const std::string& name, const std::string& title, const std::vector<std::string>& names,
                    const std::vector<double>& values) {
  require(values.size() == names.size() * names.size(), "agreement_map: {} values for {} names", values.size(),
          names.size());
  Chart chart{.name = name, .title = title};
  if (names.size() < 2) return chart;
  const auto count = static_cast<int>(names.size());
  std::size_t longest = 0;
  std::string rows, columns, cells, numbers, white;
  double high = -2, low = 2;
  std::size_t at_high = 0, at_low = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string row = fmt::format("{}  {}", shortened(names[i], kMostLetters), i + 1);
    longest = std::max(longest, row.size());
    fmt::format_to(append(rows), "{}{} {}", i == 0 ? "" : ", ", gnuplot_tic(row), i);
    fmt::format_to(append(columns), "{}'{}' {}", i == 0 ? "" : ", ", i + 1, i);
    for (std::size_t j = 0; j < names.size(); ++j) {
      const double value = values[i * names.size() + j];
      fmt::format_to(append(cells), "{} {} {}\n", j, i, value);
      if (std::isfinite(value))
        fmt::format_to(append(value > kTooDark ? white : numbers), "{} {} \"{:.2f}\"\n", j, i, value);
      if (i >= j || !std::isfinite(value)) continue;
      if (value > high) high = value, at_high = i * names.size() + j;
      if (value < low) low = value, at_low = i * names.size() + j;
    }
  }
  const int left = 9 * static_cast<int>(longest) + 20, cells_end = left + (count <= 12 ? 44 : 28) * count;
  chart.width = std::max(cells_end + 80, 400);  // the scale's numbers stand in the last 80 px
  chart.height = 30 * count + 90;
  const auto pair = [&](std::size_t at) { return names[at / names.size()] + " and " + names[at % names.size()]; };
  chart.alt = fmt::format("Of {} labellings {} are most alike, {:.2f}, and {} least, {:.2f}.", count, pair(at_high),
                          high, pair(at_low), low);
  chart.script =
      axes(chart, "", "") +
      fmt::format(
          "unset grid\nset lmargin at screen {}\nset rmargin at screen {}\nset xtics ({}) scale 0\nset ytics ({}) "
          "scale 0 noenhanced\nset xrange "
          "[-0.5:{}]\nset yrange [{}:-0.5]\n",
          static_cast<double>(left) / chart.width, static_cast<double>(cells_end) / chart.width, columns, rows,
          count - 0.5, count - 0.5) +
      fmt::format(
          "set cbrange [0:1]\nset cbtics {}\nset palette defined (0 '#ffffff', 1 '{}')\nset colorbox\n$cells << "
          "EOD\n{}EOD\n"
          "$numbers << EOD\n{}EOD\n$white << EOD\n{}EOD\nplot $cells using 1:2:(0.5):(0.5):3 with boxxyerror lc "
          "palette",
          count < 6 ? 0.5 : 0.2, kBlue, cells, numbers, white);
  if (count <= 12) {
    if (!numbers.empty()) chart.script += ", $numbers using 1:2:3 with labels tc rgb '#1a1a1a' noenhanced";
    chart.script += ", $white using 1:2:3 with labels tc rgb '#ffffff' noenhanced";
  }
  chart.script += "\n";
  return chart;
}

}  // namespace coterie::inline report
