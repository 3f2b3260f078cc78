#include "chart_axes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gnuplot.hpp"

namespace coterie::inline report {

namespace {

// DejaVu Sans, about the widest of the fonts that a chart meets, takes so much for a letter of 13 px.
constexpr double kLetter = 8.8;
constexpr int kLine = 20, kMarkLine = 24;  ///< px
constexpr int kAbove = 10;                 ///< px above the title

int letters_in(int pixels) { return std::max(8, static_cast<int>(pixels / kLetter)); }

int title_height(const Chart& chart) {
  int lines = 0;
  wrapped(chart.title, letters_in(chart.width - 20), &lines);
  return kLine * lines;
}

/// Above the plot.
int top_margin(const Chart& chart, bool marked) { return kAbove + title_height(chart) + (marked ? kMarkLine : 6); }

double from_top(const Chart& chart, int pixels) { return 1 - static_cast<double>(pixels) / chart.height; }

/// Two lines of a vertical axis's name; one that takes more is in the title, which says it whole.
std::string upright_name(const Chart& chart, const std::string& name) {
  int lines = 0;
  std::string upright = wrapped(name, letters_in(chart.height - 100), &lines);
  if (lines <= 2) return upright;
  const std::size_t unit = name.rfind(" (");
  return wrapped(unit == std::string::npos ? "value" : "value" + name.substr(unit), letters_in(chart.height - 100));
}

}  // namespace

std::string wrapped(const std::string& text, int most, int* lines) {
  std::string out, line;
  int count = 1;
  const auto end_line = [&] { out += (out.empty() ? "" : ".\"\\n\".") + gnuplot_quoted(line); };
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && std::ssize(line) + 1 + std::ssize(word) > most) {
      end_line();
      line.clear();
      ++count;
    }
    line += (line.empty() ? "" : " ") + word;
    begin = end + 1;
  }
  end_line();
  if (lines != nullptr) *lines = count;
  return out;
}

std::string axes(const Chart& chart, const std::string& x, const std::string& y, bool marked) {
  // The title is a label: gnuplot's own is centred on the plot, and runs out of the picture on one side.
  return fmt::format(
      "set label 3 {} at screen 0.5,screen {} center noenhanced\nset tmargin at screen {}\n"
      "set xlabel {} noenhanced\nset ylabel {} noenhanced\n"
      "set border 3 lc rgb 'black'\nset tics nomirror scale 0.5\nset format '%h'\nset decimalsign '.'\n"
      "set grid ytics lc rgb '#a8808080' lt 1\nset key off\nset style fill solid 1 noborder\n",
      wrapped(chart.title, letters_in(chart.width - 20)), from_top(chart, kAbove + kLine / 2),
      from_top(chart, top_margin(chart, marked)), wrapped(x, letters_in(chart.width - 80)), upright_name(chart, y));
}

std::string mark_text(const Chart& chart, const std::string& text) {
  return fmt::format(
      "set label 1 {} at graph 0.03,screen {} left offset 1,-0.1 point pt 7 ps 1 lc rgb '{}' front noenhanced\n",
      gnuplot_quoted(text), from_top(chart, top_margin(chart, true) - kMarkLine / 2), kVermilion);
}

Unit unit_for(double largest) {
  if (largest >= 1e15) return {1e15, " (quadrillions)"};
  if (largest >= 1e12) return {1e12, " (trillions)"};
  if (largest >= 1e9) return {1e9, " (billions)"};
  if (largest >= 1e6) return {1e6, " (millions)"};
  if (largest >= 1e4) return {1e3, " (thousands)"};
  return {};
}

int k_ticks(std::int64_t largest) {
  const auto digits = static_cast<double>(fmt::format("{}", largest).size());
  return std::clamp(static_cast<int>(300 / ((digits + 1.5) * kLetter)), 4, 10);
}

std::string axis_range(char axis, double low, double high, int ticks, double least) {
  const double span = high > low ? high - low : std::max(std::fabs(high), 1.0);
  const double rough = span / ticks, power = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = power * (rough > 5 * power ? 10 : rough > 2 * power ? 5 : rough > power ? 2 : 1);
  return fmt::format("set {0}range [{1}:{2}]\nset {0}tics {3}\n", axis, low - 0.05 * span, high + 0.05 * span,
                     std::max(step, least));
}

}  // namespace coterie::inline report
