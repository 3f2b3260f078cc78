#include "coterie/report/coding_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "chart_axes.hpp"
#include "coterie/base/errors.hpp"
#include "gnuplot.hpp"

namespace coterie::inline report {
namespace {

constexpr int kWidth = 720, kHeight = 576;  // 7.5 × 6 inches at 96 px an inch
constexpr const char* kFirebrick = "#b22222";

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

std::size_t index_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

/// Where the panels lie, as parts of the picture.
struct Grid {
  std::size_t rows, columns;
  double left = 0.09, right = 0.95, top = 0.93, bottom = 0.12, gap = 0.02;

  // The margins of one panel, as gnuplot takes them.
  std::string margins(std::size_t row, std::size_t column) const {
    const double width = (right - left - gap * static_cast<double>(columns - 1)) / static_cast<double>(columns);
    const double height = (top - bottom - gap * static_cast<double>(rows - 1)) / static_cast<double>(rows);
    const double x = left + static_cast<double>(column) * (width + gap);
    const double y = top - static_cast<double>(row) * (height + gap);
    return fmt::format(
        "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\nset tmargin at screen {:.4f}\nset bmargin at "
        "screen {:.4f}\n",
        x, x + width, y, y - height);
  }
};

constexpr double kLeft = 66, kUpright = 14;  // px: where panels begin, and the name of their vertical axis

std::string begin_panels(const Chart& chart, const std::string& x, const std::string& y) {
  return fmt::format(
      "set multiplot\nunset key\nset pointintervalbox 0\nset border 15 lc rgb 'black'\nset tics nomirror scale "
      "0.4\nset decimalsign '.'\n"
      "set label 1 {} at screen 0.52,0.03 center noenhanced\nset label 2 {} at screen {:.4f},0.52 center rotate by 90 "
      "noenhanced\n",
      gnuplot_quoted(x), gnuplot_quoted(y), kUpright / chart.width);
}

// The names of a panel's row and column stand at the right and above; the outer labels are drawn once.
std::string panel_frame(const Grid& grid, std::size_t row, std::size_t column, const std::string& row_name,
                        const std::string& column_name) {
  std::string out = grid.margins(row, column) + "unset label 3\nunset label 4\n";
  if (row == 0) out += fmt::format("set label 3 {} at graph 0.5,1.06 center noenhanced\n", gnuplot_quoted(column_name));
  if (column + 1 == grid.columns)
    out += fmt::format("set label 4 {} at graph 1.04,0.5 center rotate by -90 noenhanced\n", gnuplot_quoted(row_name));
  return out;
}

std::string draw_panel(const ConsistencyPanel& panel, std::size_t most) {
  std::string points, tics, plots;
  for (std::size_t c = 0; c < panel.shares.size(); ++c) {
    fmt::format_to(append(tics), "{}'{}' {}", c == 0 ? "" : ", ", static_cast<std::int64_t>(c) + panel.first, c + 1);
    if (std::isnan(panel.shares[c])) continue;
    const bool bounded = c < panel.low.size() && !std::isnan(panel.low[c]);
    fmt::format_to(append(points), "{} {:.6g} {:.2f} {:.6g} {:.6g}\n", c + 1, panel.shares[c], panel.shares[c],
                   bounded ? panel.low[c] : panel.shares[c], bounded ? panel.high[c] : panel.shares[c]);
  }
  const std::size_t mean_at = panel.shares.size() + 1;
  const bool has_mean = !std::isnan(panel.mean);
  if (has_mean) fmt::format_to(append(tics), "{}\"{{/:Italic M}}\" {}", tics.empty() ? "" : ", ", mean_at);
  std::string out = fmt::format(
      "set xtics ({}) enhanced\nset xrange [0.4:{}]\nset yrange [0:1.35]\nset ytics 0,0.5,1\n$bars << EOD\n{}EOD\n",
      tics, static_cast<double>(most) + 1.6, points);
  if (has_mean) out += fmt::format("$mean << EOD\n{} {:.6g} {:.2f}\nEOD\n", mean_at, panel.mean, panel.mean);
  out += "set style fill solid 1 noborder\nset boxwidth 0.3\nplot ";
  if (!points.empty()) {
    out += "$bars using 1:2 with boxes lc rgb '#7f7f7f'";
    if (!panel.low.empty())
      out += ", $bars using 1:4:(0):($5-$4) with vectors heads size screen 0.006,90 lc rgb '#404040' lw 1";
    out += ", $bars using 1:(1.2):3 with labels font ',9'";
  }
  if (has_mean)
    fmt::format_to(append(out), "{}$mean using 1:2 with boxes lc rgb '{}', $mean using 1:(1.2):3 with labels font ',9'",
                   points.empty() ? "" : ", ", kFirebrick);
  return out + "\n";
}

std::string consistency_alt(const std::vector<ConsistencyPanel>& panels) {
  const auto mean = [](const auto& a, const auto& b) { return a.mean < b.mean; };
  const auto [low, high] = std::minmax_element(panels.begin(), panels.end(), mean);
  const auto text = [](const ConsistencyPanel& panel) {
    return fmt::format("{:.2f} ({}{}{})", panel.mean, panel.column, panel.column.empty() ? "" : ", ", panel.row);
  };
  return panels.size() == 1 ? fmt::format("The mean consistency is {}.", text(panels.front()))
                            : fmt::format("Mean consistencies run from {} to {}.", text(*low), text(*high));
}

int shade_of(std::size_t bar, std::size_t bars) {
  return bars == 1 ? 96 : static_cast<int>(64 + 130 * bar / (bars - 1));
}

/// Which shade is which bar: a line above the panels.
std::string shades_key(const std::vector<std::string>& names) {
  std::string key;
  for (std::size_t n = 0; n < names.size(); ++n) {
    const int shade = shade_of(n, names.size());
    fmt::format_to(append(key),
                   "set label {} {} at screen {:.3f},0.93 left offset 1.5,0 point pt 5 ps 1.6 lc rgb "
                   "'#{:02x}{:02x}{:02x}' noenhanced\n",
                   10 + n, gnuplot_quoted(names[n]),
                   0.12 + 0.84 * static_cast<double>(n) / static_cast<double>(names.size()), shade, shade, shade);
  }
  return key;
}

}  // namespace

Chart consistency_chart(const std::string& name, const std::vector<ConsistencyPanel>& panels) {
  Chart chart{.name = name, .title = "Within-cluster consistency", .width = kWidth, .height = kHeight};
  std::vector<std::string> rows, columns;
  std::set<std::pair<std::string, std::string>> places;
  std::size_t most = 0;
  for (const auto& panel : panels) {
    require(places.insert({panel.row, panel.column}).second, "two consistencies of {} and {}", panel.row, panel.column);
    add_once(rows, panel.row);
    add_once(columns, panel.column);
    most = std::max(most, panel.shares.size());
  }
  if (panels.empty() || most == 0) return chart;
  if (rows.size() == 1) chart.height = 280;
  if (rows.size() == 1 && columns.size() == 1) chart.width = 480;
  chart.alt = consistency_alt(panels);
  const Grid grid{.rows = rows.size(),
                  .columns = columns.size(),
                  .left = kLeft / chart.width,
                  .bottom = rows.size() == 1 ? 0.2 : 0.12,
                  .gap = 0.02};
  chart.script = "set termoption enhanced\n" + begin_panels(chart, "Cluster ID", chart.title);
  for (const auto& panel : panels)
    chart.script +=
        panel_frame(grid, index_of(rows, panel.row), index_of(columns, panel.column), panel.row, panel.column) +
        draw_panel(panel, most) + "unset label 1\nunset label 2\n";
  chart.script += "unset multiplot\n";
  return chart;
}

Chart agreement_chart(const std::string& name, const std::string& coefficient, const std::vector<AgreementBar>& bars) {
  Chart chart{.name = name, .title = coefficient, .width = kWidth, .height = kHeight};
  std::vector<std::string> panels, groups, names;
  for (const auto& bar : bars) {
    add_once(panels, bar.panel);
    add_once(groups, bar.group);
    add_once(names, bar.bar);
  }
  if (bars.empty()) return chart;
  const Grid grid{.rows = 1, .columns = panels.size(), .left = kLeft / chart.width, .top = 0.82};
  const double width = 0.8 / static_cast<double>(names.size());
  chart.script = begin_panels(chart, "", coefficient) + shades_key(names);
  double low = 1, high = 0;
  for (std::size_t p = 0; p < panels.size(); ++p) {
    std::string tics, plots, data;
    for (std::size_t g = 0; g < groups.size(); ++g)
      fmt::format_to(append(tics), "{}{} {}", g == 0 ? "" : ", ", gnuplot_tic(groups[g]), g + 1);
    for (std::size_t n = 0; n < names.size(); ++n) {
      std::string points;
      for (const auto& bar : bars) {
        if (bar.panel != panels[p] || bar.bar != names[n] || std::isnan(bar.value)) continue;
        const double x =
            static_cast<double>(index_of(groups, bar.group)) + 1 - 0.4 + width * (static_cast<double>(n) + 0.5);
        const bool bounded = !std::isnan(bar.low) && !std::isnan(bar.high);
        fmt::format_to(append(points), "{:.4f} {:.6g} {:.6g} {:.6g}\n", x, bar.value, bounded ? bar.low : bar.value,
                       bounded ? bar.high : bar.value);
        low = std::min(low, bar.value);
        high = std::max(high, bar.value);
      }
      if (points.empty()) continue;
      const int shade = shade_of(n, names.size());
      fmt::format_to(append(data), "$b{} << EOD\n{}EOD\n", n, points);
      fmt::format_to(append(plots),
                     "{}$b{} using 1:2 with boxes lc rgb '#{:02x}{:02x}{:02x}', $b{} using 1:3:(0):($4-$3) with "
                     "vectors heads size screen 0.006,90 lc rgb '#000000' lw 1",
                     plots.empty() ? "" : ", ", n, shade, shade, shade, n);
    }
    if (plots.empty()) continue;
    chart.script += panel_frame(grid, 0, p, "", panels[p]) +
                    fmt::format(
                        "set xtics ({}) \nset xrange [0.4:{}]\nset yrange [{}:1.05]\nset ytics 0.25\nset style fill "
                        "solid 1 noborder\nset boxwidth {}\n{}plot {}\nunset label 1\nunset label 2\n",
                        tics, static_cast<double>(groups.size()) + 0.6, low < 0 ? -1 : 0, width * 0.94, data, plots);
    for (std::size_t n = 0; n < names.size(); ++n) chart.script += fmt::format("unset label {}\n", 10 + n);
  }
  chart.script += "unset multiplot\n";
  chart.alt = fmt::format("{} runs from {:.3f} to {:.3f}.", coefficient, low, high);
  return chart;
}

}  // namespace coterie::inline report
