#include "coterie/report/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "chart_axes.hpp"
#include "coterie/base/errors.hpp"
#include "gnuplot.hpp"
#include "text.hpp"

namespace coterie::inline report {
namespace {

constexpr std::size_t kMostPoints = 200;  ///< of a curve: more are not distinct at 400 px

/// At most `most` indices into `count` values, evenly spread, first and last among them.
std::vector<std::size_t> spread_indices(std::size_t count, std::size_t most) {
  const std::size_t points = std::min(count, most);
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < points; ++i) indices.push_back(points == 1 ? 0 : i * (count - 1) / (points - 1));
  return indices;
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Where cluster c's blade or bar lies on the vertical axis, first cluster at the top.
struct Band {
  double begin = 0, end = 0;
  double middle() const { return (begin + end) / 2; }
};

std::vector<Band> bands(const std::vector<std::int64_t>& sizes) {
  const auto total = static_cast<double>(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}));
  const double gap = 0.25 * total / static_cast<double>(sizes.size());
  std::vector<Band> out;
  double at = gap / 2;
  for (const auto size : sizes) {
    out.push_back({at, at + static_cast<double>(size)});
    at = out.back().end + gap;
  }
  return out;
}

/// Cluster numbers beside their bands, leaving out those for which there is no room.
std::string cluster_tics(const std::vector<Band>& at, double rows_of_text) {
  const double room = at.back().end / rows_of_text;
  double free_from = -room;
  std::string tics;
  for (std::size_t c = 0; c < at.size(); ++c) {
    if (at[c].middle() < free_from) continue;
    fmt::format_to(append(tics), "{}'{}' {}", tics.empty() ? "" : ", ", c, at[c].middle());
    free_from = at[c].middle() + room;
  }
  return fmt::format("set ytics ({}) scale 0\nset yrange [{}:0]\nunset grid\nset grid xtics lc rgb '#a8808080' lt 1\n",
                     tics, at.back().end + at.front().begin);
}

/// 22 pixels a cluster up to what a screen shows; of many clusters 8 each, so that the blade of each can be told from
/// its neighbours', up to what a browser draws.
int height_for(std::size_t clusters) {
  constexpr int kScreen = 640, kMost = 8'000;
  const int count = static_cast<int>(std::min<std::size_t>(clusters, kMost));
  return std::clamp(130 + 22 * count, 240, std::clamp(130 + 8 * count, kScreen, kMost));
}

/// "Silhouette is highest, 0.213, at k = 8 and lowest, 0.101, at k = 20."
std::string extremes_text(const std::string& quantity, const std::vector<std::int64_t>& k,
                          const std::vector<double>& values) {
  const auto high = std::max_element(values.begin(), values.end()),
             low = std::min_element(values.begin(), values.end());
  const auto k_of = [&](auto place) { return k[static_cast<std::size_t>(place - values.begin())]; };
  const bool falls = std::is_sorted(values.rbegin(), values.rend()),
             rises = std::is_sorted(values.begin(), values.end());
  if (falls != rises)
    return fmt::format("{} {} from {} at k = {} to {} at k = {}.", quantity, falls ? "falls" : "rises",
                       number_text(values.front()), k.front(), number_text(values.back()), k.back());
  return fmt::format("{} for k from {} to {}: highest, {}, at k = {}; lowest, {}, at k = {}.", quantity, k.front(),
                     k.back(), number_text(*high), k_of(high), number_text(*low), k_of(low));
}

/// A large point on a curve, with a dashed line down to its axis.
std::string marked_point(std::int64_t x, double y) {
  return fmt::format(
      "set arrow from {0},graph 0 to {0},{1} nohead lc rgb '{2}' lw 1.5 dt 2\n"
      "set label 2 '' at {0},{1} point pt 7 ps 1 lc rgb '{2}' front\n",
      x, y, kVermilion);
}

std::string blade_points(std::vector<double> values, Band band, std::size_t most) {
  std::sort(values.begin(), values.end(), std::greater<>());
  std::string points = fmt::format("0 {}\n", band.begin);
  const auto last = static_cast<double>(std::max<std::size_t>(values.size() - 1, 1));
  for (const std::size_t i : spread_indices(values.size(), most))
    fmt::format_to(append(points), "{} {}\n", values[i],
                   band.begin + (band.end - band.begin) * static_cast<double>(i) / last);
  fmt::format_to(append(points), "0 {}\n\n\n", band.end);
  return points;
}

/// Bars from the left with their numbers, first at the top.
void draw_bars(Chart& chart, const std::string& quantity, const std::string& of, const std::vector<double>& lengths,
               const std::vector<std::string>& numbers, double longest, double least_tick) {
  chart.height = height_for(lengths.size());
  const std::vector<Band> rows = bands(std::vector<std::int64_t>(lengths.size(), 1));
  std::size_t letters = 0;
  for (const auto& number : numbers) letters = std::max(letters, number.size());
  const double room = 0.04 + 0.03 * static_cast<double>(letters);  // for the longest bar's number
  chart.script = axes(chart, quantity, of) + cluster_tics(rows, 0.05 * chart.height) +
                 axis_range('x', 0, longest, 5, least_tick) +
                 fmt::format("set xrange [0:{}]\n$bars << EOD\n", longest / (1 - room));
  for (std::size_t i = 0; i < lengths.size(); ++i)
    fmt::format_to(append(chart.script), "{} {} \"{}\"\n", lengths[i], rows[i].middle(), numbers[i]);
  fmt::format_to(append(chart.script), "EOD\nplot $bars using ($1/2.0):2:($1/2.0):(0.5) with boxxyerror lc rgb '{}'",
                 kBlue);
  if (lengths.size() <= 24) chart.script += ", $bars using 1:2:3 with labels left offset 0.6,0 noenhanced";
  chart.script += "\n";
}

}  // namespace

Chart variance_chart(const std::string& name, const std::vector<double>& cumulative, std::int64_t chosen) {
  Chart chart{.name = name, .title = "Variance kept by the components"};
  if (cumulative.empty()) return chart;
  const auto count = static_cast<std::int64_t>(cumulative.size());
  require(chosen >= 0 && chosen <= count, "variance_chart: {} components chosen of {}", chosen, count);
  chart.script = axes(chart, "components", "explained variance", chosen > 0) +
                 axis_range('x', 0, static_cast<double>(count), 6, 1) +
                 fmt::format("set yrange [0:1]\nset xrange [0:{}]\n", count + (count + 19) / 20);
  chart.alt = fmt::format("The first component explains {:.3f} of the variance", cumulative.front());
  if (chosen > 0) {
    const double kept = cumulative[static_cast<std::size_t>(chosen - 1)];
    chart.alt += fmt::format(", the {} that were kept explain {:.3f}", chosen, kept);
    chart.script += marked_point(chosen, kept) + mark_text(chart, fmt::format("{} kept: {:.3f}", chosen, kept));
  }
  chart.alt += chosen == count ? "." : fmt::format(", all {} shown explain {:.3f}.", count, cumulative.back());
  chart.script += "$curve << EOD\n";
  for (const std::size_t i : spread_indices(cumulative.size(), kMostPoints))
    fmt::format_to(append(chart.script), "{} {}\n", i + 1, cumulative[i]);
  fmt::format_to(append(chart.script), "EOD\nplot $curve with {} lc rgb '{}' lw 2 pt 7 ps 0.4\n",
                 count <= 40 ? "linespoints" : "lines", kBlue);
  return chart;
}

Chart selection_chart(const std::string& name, const std::string& quantity, const std::vector<std::int64_t>& k,
                      const std::vector<double>& values, std::int64_t marked, const std::string& mark,
                      const std::vector<double>& errors) {
  require(k.size() == values.size() && (errors.empty() || errors.size() == k.size()),
          "selection_chart: {} k but {} values and {} errors", k.size(), values.size(), errors.size());
  Chart chart{.name = name, .title = quantity + " for each k"};
  std::vector<std::int64_t> shown_k;
  std::vector<double> shown, bars;
  for (std::size_t i = 0; i < k.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    shown_k.push_back(k[i]);
    shown.push_back(values[i]);
    bars.push_back(errors.empty() || !std::isfinite(errors[i]) ? 0 : errors[i]);
  }
  if (shown.size() < 2) return chart;
  const Unit unit = unit_for(*std::max_element(shown.begin(), shown.end()));
  chart.alt = extremes_text(quantity, shown_k, shown);
  const auto [low, high] = std::minmax_element(shown.begin(), shown.end());
  const auto place = std::find(shown_k.begin(), shown_k.end(), marked);
  const bool marks = marked != 0 && place != shown_k.end();
  chart.script = axes(chart, "number of clusters, k", quantity + unit.name, marks) +
                 axis_range('x', static_cast<double>(shown_k.front()), static_cast<double>(shown_k.back()),
                            k_ticks(shown_k.back()), 1) +
                 axis_range('y', *low / unit.size, *high / unit.size, 5, 0) + "$points << EOD\n";
  for (std::size_t i = 0; i < shown.size(); ++i)
    fmt::format_to(append(chart.script), "{} {} {}\n", shown_k[i], shown[i] / unit.size, bars[i] / unit.size);
  chart.script += "EOD\n";
  if (marks) {
    chart.alt += fmt::format(" The {} is at k = {}.", mark, marked);
    chart.script += marked_point(marked, shown[static_cast<std::size_t>(place - shown_k.begin())] / unit.size) +
                    mark_text(chart, fmt::format("{}: k = {}", mark, marked));
  }
  chart.script += "plot ";
  if (!errors.empty()) fmt::format_to(append(chart.script), "$points with yerrorbars lc rgb '{}' lw 1 ps 0, ", kBlue);
  fmt::format_to(append(chart.script), "$points using 1:2 with linespoints lc rgb '{}' lw 2 pt 7 ps {}\n", kBlue,
                 shown.size() > 60 ? 0.2 : 0.6);
  return chart;
}

Chart silhouette_chart(const std::string& name, const std::vector<std::vector<double>>& silhouettes,
                       const std::vector<std::int64_t>& sizes) {
  require(silhouettes.size() == sizes.size(), "silhouette_chart: silhouettes of {} clusters but {} sizes",
          silhouettes.size(), sizes.size());
  Chart chart{.name = name, .title = "Silhouettes of each cluster's images"};
  std::string blades;
  double weighted = 0, images = 0, best = -2, worst = 2, low = 0, high = 0;
  std::size_t best_cluster = 0, worst_cluster = 0;
  const std::size_t most = std::clamp<std::size_t>(2000 / std::max<std::size_t>(sizes.size(), 1), 16, kMostPoints);
  const std::vector<Band> at = sizes.empty() ? std::vector<Band>{} : bands(sizes);
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    if (silhouettes[c].empty()) continue;
    const double average = mean(silhouettes[c]);
    weighted += average * static_cast<double>(sizes[c]);
    images += static_cast<double>(sizes[c]);
    const auto [least, most_of_all] = std::minmax_element(silhouettes[c].begin(), silhouettes[c].end());
    low = std::min(low, *least), high = std::max(high, *most_of_all);
    if (average > best) best = average, best_cluster = c;
    if (average < worst) worst = average, worst_cluster = c;
    blades += blade_points(silhouettes[c], at[c], most);
  }
  if (images == 0) return chart;
  chart.height = height_for(sizes.size());
  chart.alt =
      fmt::format("The mean silhouette is {}; cluster {} has the highest, {}, and cluster {} the lowest, {}.",
                  index_text(weighted / images), best_cluster, index_text(best), worst_cluster, index_text(worst));
  chart.script = axes(chart, "silhouette (dashed: mean)", "cluster") + axis_range('x', low, high, 6, 0) +
                 cluster_tics(at, 0.05 * chart.height) +
                 fmt::format("set arrow from {0},graph 0 to {0},graph 1 nohead front lc rgb 'black' lw 1.2 dt 2\n",
                             weighted / images) +
                 "$blades << EOD\n" + blades + "EOD\n";
  fmt::format_to(append(chart.script),
                 "plot $blades using ($1>0?$1:0):2 with filledcurves x1=0 lc rgb '{}', "
                 "$blades using ($1<0?$1:0):2 with filledcurves x1=0 lc rgb '{}'\n",
                 kBlue, kVermilion);
  return chart;
}

Chart sizes_chart(const std::string& name, const std::vector<std::int64_t>& sizes) {
  Chart chart{.name = name, .title = "Images in each cluster"};
  if (sizes.empty()) return chart;
  const auto high = std::max_element(sizes.begin(), sizes.end()), low = std::min_element(sizes.begin(), sizes.end());
  chart.alt = fmt::format("The {} clusters hold from {} images (cluster {}) to {} (cluster {}).", sizes.size(),
                          with_commas(*low), low - sizes.begin(), with_commas(*high), high - sizes.begin());
  const Unit unit = unit_for(static_cast<double>(std::max<std::int64_t>(*high, 1)));
  std::vector<double> lengths;
  std::vector<std::string> numbers;
  for (const auto size : sizes) {
    lengths.push_back(static_cast<double>(size) / unit.size);
    numbers.push_back(with_commas(size));
  }
  draw_bars(chart, std::string("images") + unit.name, "cluster", lengths, numbers,
            std::max(1.0, static_cast<double>(*high)) / unit.size, unit.size > 1 ? 0 : 1);
  return chart;
}

Chart shares_chart(const std::string& name, const std::vector<double>& shares) {
  Chart chart{.name = name, .title = "Share of each topic in all words"};
  if (shares.empty()) return chart;
  const auto high = std::max_element(shares.begin(), shares.end()),
             low = std::min_element(shares.begin(), shares.end());
  chart.alt = fmt::format("The {} topics have from {:.1f} % of all words (topic {}) to {:.1f} % (topic {}).",
                          shares.size(), 100 * *low, low - shares.begin(), 100 * *high, high - shares.begin());
  std::vector<double> lengths;
  std::vector<std::string> numbers;
  for (const auto share : shares) {
    lengths.push_back(100 * share);
    numbers.push_back(fmt::format("{:.1f}", 100 * share));
  }
  draw_bars(chart, "% of all words", "topic", lengths, numbers, std::max(100 * *high, 1e-3), 0);
  return chart;
}

}  // namespace coterie::inline report
