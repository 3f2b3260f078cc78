#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "chart_axes.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/report/chart.hpp"
#include "text.hpp"

namespace coterie::inline report {

Chart training_chart(const std::string& name, const std::string& quantity, const std::vector<std::int64_t>& epochs,
                     const std::vector<double>& values) {
  require(values.empty() || epochs.size() == values.size(), "training_chart: {} epochs but {} values", epochs.size(),
          values.size());
  Chart chart{.name = name, .title = quantity + " of each epoch"};
  std::vector<std::pair<std::int64_t, double>> shown;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (std::isfinite(values[i])) shown.emplace_back(epochs[i], values[i]);
  if (shown.size() < 2) return chart;
  const auto by_value = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto [low, high] = std::minmax_element(shown.begin(), shown.end(), by_value);
  const Unit unit = unit_for(high->second);
  chart.alt = fmt::format("{} begins with {} in epoch {} and ends with {} in epoch {}.", quantity,
                          index_text(shown.front().second), shown.front().first, index_text(shown.back().second),
                          shown.back().first);
  chart.script = axes(chart, "epoch", quantity + unit.name) +
                 axis_range('x', static_cast<double>(shown.front().first), static_cast<double>(shown.back().first),
                            k_ticks(shown.back().first), 1) +
                 axis_range('y', low->second / unit.size, high->second / unit.size, 5, 0) + "$points << EOD\n";
  for (const auto& [epoch, value] : shown) fmt::format_to(append(chart.script), "{} {}\n", epoch, value / unit.size);
  fmt::format_to(append(chart.script), "EOD\nplot $points using 1:2 with linespoints lc rgb '{}' lw 2 pt 7 ps {}\n",
                 kBlue, shown.size() > 60 ? 0.2 : 0.6);
  return chart;
}

}  // namespace coterie::inline report
