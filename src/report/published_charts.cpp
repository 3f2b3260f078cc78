#include "coterie/report/published_charts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "chart_axes.hpp"
#include "coterie/base/errors.hpp"
#include "gnuplot.hpp"

namespace coterie::inline report {
namespace {

/// Matplotlib's colour map nipy_spectral: red, green and blue at 21 places from 0 to 1, linear between them.
constexpr std::array<std::array<double, 21>, 3> kSpectral = {
    {{0, .4667, .5333, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .7333, .9333, 1, 1, 1, .8667, .8, .8},
     {0, 0, 0, 0, 0, .4667, .6, .6667, .6667, .6, .7333, .8667, 1, 1, .9333, .8, .6, 0, 0, 0, .8},
     {0, .5333, .6, .6667, .8667, .8667, .8667, .6667, .5333, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .8}}};

std::string spectral(double at) {
  const double place = std::clamp(at, 0.0, 1.0) * 20;
  const auto before = std::min<std::size_t>(static_cast<std::size_t>(place), 19);
  std::string text = "#";
  for (const auto& channel : kSpectral) {
    const double share = place - static_cast<double>(before);
    fmt::format_to(append(text), "{:02x}",
                   std::lround(255 * ((1 - share) * channel[before] + share * channel[before + 1])));
  }
  return text;
}

/// A curve over k in matplotlib's manner: the whole frame, no grid.
Chart curve_over_k(const std::string& name, const std::string& title, const std::string& x, const std::string& y,
                   const std::vector<std::int64_t>& k, const std::vector<double>& values, const char* style) {
  require(k.size() == values.size(), "{}: {} k and {} values", name, k.size(), values.size());
  Chart chart{.name = name, .title = title, .width = kScoresWidth, .height = kScoresHeight};
  std::string points;
  for (std::size_t i = 0; i < k.size(); ++i)
    if (std::isfinite(values[i])) fmt::format_to(append(points), "{} {:.9g}\n", k[i], values[i]);
  if (points.empty()) return chart;
  chart.alt = fmt::format("{} for k from {} to {}.", y, k.front(), k.back());
  chart.script = fmt::format(
      "unset key\nset decimalsign '.'\nset offsets graph 0.05,graph 0.05,graph 0.05,graph 0.05\nset title {} "
      "noenhanced\nset xlabel {} noenhanced\nset ylabel {} noenhanced\n$curve << EOD\n{}EOD\nplot $curve using 1:2 "
      "with {}\n",
      gnuplot_quoted(title), gnuplot_quoted(x), gnuplot_quoted(y), points, style);
  return chart;
}

/// A shape for each cluster, smallest silhouette below, ten units between two clusters.
std::string blades_of(const SilhouettePanels& panels, std::string& plots, double& highest) {
  std::string data;
  double begin = 10;
  for (std::int64_t c = 0; c < panels.k; ++c) {
    std::vector<float> own;
    for (std::size_t row = 0; row < panels.labels.size(); ++row)
      if (panels.labels[row] == c) own.push_back(panels.silhouettes[row]);
    if (own.empty()) continue;
    std::sort(own.begin(), own.end());
    fmt::format_to(append(data), "$blade{} << EOD\n0 {}\n", c, begin);
    for (std::size_t i = 0; i < own.size(); ++i)
      fmt::format_to(append(data), "{:.6g} {}\n", own[i], begin + static_cast<double>(i));
    const double end = begin + static_cast<double>(own.size());
    fmt::format_to(append(data), "0 {}\nEOD\nset label {} '{}' at -0.05,{} center\n", end - 1, 20 + c, c,
                   (begin + end) / 2);
    fmt::format_to(append(plots), "{}$blade{} using 1:2 with filledcurves closed lc rgb '{}'",
                   plots.empty() ? "plot " : ", ", c, spectral(static_cast<double>(c) / static_cast<double>(panels.k)));
    begin = end + 10;
  }
  highest = begin;
  return data;
}

std::string scatter_of(const SilhouettePanels& panels) {
  std::string data, plots;
  for (std::int64_t c = 0; c < panels.k; ++c) {
    std::string points;
    for (std::size_t row = 0; row < panels.labels.size(); ++row)
      if (panels.labels[row] == c) fmt::format_to(append(points), "{:.6g} {:.6g}\n", panels.x[row], panels.y[row]);
    if (points.empty()) continue;
    fmt::format_to(append(data), "$points{} << EOD\n{}EOD\n", c, points);
    fmt::format_to(append(plots), "{}$points{} using 1:2 with points pt 7 ps 0.5 lc rgb '{}'",
                   plots.empty() ? "plot " : ", ", c, spectral(static_cast<double>(c) / static_cast<double>(panels.k)));
  }
  data += "$centres << EOD\n";
  for (std::size_t c = 0; c < panels.centroid_x.size(); ++c)
    fmt::format_to(append(data), "{:.6g} {:.6g} {}\n", panels.centroid_x[c], panels.centroid_y[c], c);
  return data + "EOD\n" + plots +
         ", $centres using 1:2 with points pt 7 ps 2.2 lc rgb 'white', $centres using 1:2 with points pt 6 ps 2.2 lc "
         "rgb 'black', $centres using 1:2:3 with labels center\n";
}

}  // namespace

Chart named_counts_chart(const std::vector<std::string>& names, const std::vector<std::int64_t>& counts) {
  require(names.size() == counts.size(), "named_counts_chart: {} names and {} counts", names.size(), counts.size());
  Chart chart{.name = "class-proportion", .title = "Images in each cluster", .width = 726, .height = 628};
  if (counts.empty()) return chart;
  std::string bars, tics;
  std::size_t longest = 0;
  for (std::size_t c = 0; c < counts.size(); ++c) {  // ggplot's coord_flip() puts the first at the bottom
    fmt::format_to(append(bars), "{} {} {}\n", counts[c], c + 1, counts[c]);
    fmt::format_to(append(tics), "{}{} {}", c == 0 ? "" : ", ", gnuplot_tic(names[c]), c + 1);
    longest = std::max(longest, names[c].size());
  }
  const auto most = static_cast<double>(std::max<std::int64_t>(*std::max_element(counts.begin(), counts.end()), 1));
  chart.alt = fmt::format("The {} clusters hold {} images.", counts.size(), fmt::join(counts, ", "));
  chart.script = fmt::format(
      "unset key\nset border 0\nset tics nomirror scale 0\nset lmargin at screen {:.3f}\nset rmargin at screen "
      "0.96\nset ytics ({})\nset xlabel 'count'\nset ylabel 'classname'\nset xrange [0:{}]\nset yrange "
      "[0.4:{}]\nset style fill solid 1 noborder\n$bars << EOD\n{}EOD\nplot $bars using "
      "($1/2.0):2:($1/2.0):(0.45) with boxxyerror lc rgb '#595959', $bars using 1:2:3 with labels center noenhanced\n",
      std::min(0.6, 0.08 + 0.0105 * static_cast<double>(longest)), tics, 1.06 * most,
      static_cast<double>(counts.size()) + 0.6, bars);
  return chart;
}

Chart cost_chart(const std::vector<std::int64_t>& k, const std::vector<double>& inertia) {
  return curve_over_k("cost", "", "Value of K", "Squared Error (Cost)", k, inertia, "lines lc rgb '#008000' lw 3");
}

Chart silhouette_scores_chart(const std::vector<std::int64_t>& k, const std::vector<double>& scores) {
  return curve_over_k("silhouette-scores", "Cluster Silhouette Score Visualization", "Number of clusters",
                      "Silhouette Score", k, scores, "linespoints lc rgb '#ff0000' lw 3 pt 7 ps 1");
}

Chart bags_chart(const std::string& label, const std::vector<std::vector<double>>& bags) {
  constexpr std::array<const char*, 10> kColours = {"1f77b4", "ff7f0e", "2ca02c", "d62728", "9467bd",
                                                    "8c564b", "e377c2", "7f7f7f", "bcbd22", "17becf"};  // matplotlib's
  Chart chart{.name = "bags",
              .title = fmt::format("Histogram distribution for label {}", label),
              .width = kScoresWidth,
              .height = kScoresHeight};
  std::string data, plots;
  for (std::size_t i = 0; i < bags.size(); ++i) {
    require(bags[i].size() == bags.front().size(), "bags_chart: bags of {} and {} words", bags.front().size(),
            bags[i].size());
    std::string counts;
    for (std::size_t word = 0; word < bags[i].size(); ++word)
      if (bags[i][word] > 0) fmt::format_to(append(counts), "{} {:.6g}\n", word, bags[i][word]);
    if (counts.empty()) continue;
    fmt::format_to(append(data), "$bag{} << EOD\n{}EOD\n", i, counts);
    fmt::format_to(append(plots), "{}$bag{} using 1:2 with boxes lc rgb '#80{}'", plots.empty() ? "plot " : ", ", i,
                   kColours[i % kColours.size()]);
  }
  if (plots.empty()) return chart;
  chart.alt = fmt::format("The words of {} images of {}.", bags.size(), label);
  chart.script = fmt::format(
      "unset key\nset decimalsign '.'\nset title {} noenhanced\nset xlabel 'features bag of words'\nset boxwidth 1\n"
      "set style fill solid 1 noborder\nset xrange [-1:{}]\nset yrange [0:*]\n{}{}\n",
      gnuplot_quoted(chart.title), bags.front().size(), data, plots);
  return chart;
}

Chart positions_chart(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& z) {
  require(x.size() == y.size() && (z.empty() || z.size() == x.size()), "positions_chart: {}, {} and {} values",
          x.size(), y.size(), z.size());
  Chart chart{.name = "positions", .title = "Positions on the map", .width = kScoresWidth, .height = kScoresHeight};
  if (x.empty()) return chart;
  chart.alt = fmt::format("{} images as points.", x.size());
  chart.script = "unset key\nset decimalsign '.'\nset xlabel 'pc1'\nset ylabel 'pc2'\n";
  if (!z.empty()) chart.script += "set zlabel 'pc3'\nset ticslevel 0\n";
  chart.script += "$points << EOD\n";
  for (std::size_t i = 0; i < x.size(); ++i)
    chart.script += z.empty() ? fmt::format("{:.6g} {:.6g}\n", x[i], y[i])
                              : fmt::format("{:.6g} {:.6g} {:.6g}\n", x[i], y[i], z[i]);
  const char* columns = z.empty() ? "1:2" : "1:2:3";
  chart.script += fmt::format(
      "EOD\n{} $points using {} with points pt 7 ps 1 lc rgb '#661f77b4', $points using {} with points pt 6 ps 1 lw "
      "0.4 "
      "lc rgb 'white'\n",
      z.empty() ? "plot" : "splot", columns, columns);
  return chart;
}

Chart silhouette_panels_chart(const SilhouettePanels& panels) {
  const auto rows = panels.labels.size(), k = static_cast<std::size_t>(panels.k);
  require(panels.silhouettes.size() == rows && panels.x.size() == rows && panels.y.size() == rows &&
              panels.centroid_x.size() == k && panels.centroid_y.size() == k,
          "silhouette_panels_chart: vectors of different lengths");
  Chart chart{
      .name = "silhouette-panels", .title = "Silhouette analysis", .width = kPanelsWidth, .height = kPanelsHeight};
  if (rows == 0) return chart;
  const double mean =
      std::accumulate(panels.silhouettes.begin(), panels.silhouettes.end(), 0.0) / static_cast<double>(rows);
  chart.alt = fmt::format("The mean silhouette of {} clusters is {:.4f}.", panels.k, mean);
  std::string plots;
  double highest = 0;
  const std::string blades = blades_of(panels, plots, highest);
  chart.script = fmt::format(
      "set multiplot\nunset key\nset decimalsign '.'\nset label 1 'Silhouette analysis for KMeans clustering on sample "
      "data with n_clusters = {0}' at screen 0.5,0.96 center font ',17' noenhanced\n"
      "set lmargin at screen 0.06\nset rmargin at screen 0.48\nset bmargin at screen 0.12\nset tmargin at screen 0.86\n"
      "set title 'The silhouette plot for the various clusters.'\nset xlabel 'The silhouette coefficient values'\nset "
      "ylabel 'Cluster label'\nunset ytics\nset xtics (-0.1,0,0.2,0.4,0.6,0.8,1)\nset xrange [-0.1:1]\nset yrange "
      "[0:{1}]\nset style fill transparent solid 0.7 noborder\nset arrow 1 from {2:.6g},graph 0 to {2:.6g},graph 1 "
      "nohead front lc rgb 'red' lw 1.5 dt 2\n{3}{4}\nunset arrow 1\nunset label\n"
      "set lmargin at screen 0.56\nset rmargin at screen 0.98\nset title 'The visualization of the clustered data.'\n"
      "set xlabel 'Feature space for the 1st feature'\nset ylabel 'Feature space for the 2nd feature'\nset ytics\n"
      "set xtics auto\nset autoscale\n{5}unset multiplot\n",
      panels.k, highest, mean, blades, plots, scatter_of(panels));
  return chart;
}

}  // namespace coterie::inline report
