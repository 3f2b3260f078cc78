#include "chart_axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gnuplot.hpp"

namespace coterie::inline report {

std::string axes(const std::string& title, const std::string& x, const std::string& y) {
  return fmt::format(
      "set title {} noenhanced offset 0,-0.3\nset xlabel {} noenhanced\nset ylabel {} noenhanced\n"
      "set border 3 lc rgb 'black'\nset tics nomirror scale 0.5\nset format '%h'\nset decimalsign '.'\n"
      "set grid ytics lc rgb '#a8808080' lt 1\nset key off\nset style fill solid 1 noborder\n",
      gnuplot_quoted(title), gnuplot_quoted(x), gnuplot_quoted(y));
}

Unit unit_for(double largest) {
  if (largest >= 1e15) return {1e15, " (quadrillions)"};
  if (largest >= 1e12) return {1e12, " (trillions)"};
  if (largest >= 1e9) return {1e9, " (billions)"};
  if (largest >= 1e6) return {1e6, " (millions)"};
  if (largest >= 1e4) return {1e3, " (thousands)"};
  return {};
}

std::string axis_range(char axis, double low, double high, int ticks, double least) {
  const double span = high > low ? high - low : std::max(std::fabs(high), 1.0);
  const double rough = span / ticks, power = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = power * (rough > 5 * power ? 10 : rough > 2 * power ? 5 : rough > power ? 2 : 1);
  return fmt::format("set {0}range [{1}:{2}]\nset {0}tics {3}\n", axis, low - 0.05 * span, high + 0.05 * span,
                     std::max(step, least));
}

}  // namespace coterie::inline report
