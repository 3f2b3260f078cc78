#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::inline report {

/// A chart as a gnuplot script, with the sentence that says the same to who cannot see it. Made by the functions
/// below, drawn by chart_svg and write_chart. An empty script means that the data holds nothing to draw.
struct Chart {
  std::string name;  ///< file stem and prefix of the SVG's ids: [a-z0-9-], unique on a page
  std::string title;
  std::string alt;     ///< one or two sentences with the numbers
  std::string script;  ///< everything but the terminal and the output
  int width = 400;     ///< px at scale 1; half a page's width, and a phone's whole width, so text stays readable
  int height = 270;

  bool empty() const { return script.empty(); }
};

/// Cumulative explained variance (shares in [0, 1], first component first), with the chosen number of components
/// marked when chosen > 0.
Chart variance_chart(const std::string& name, const std::vector<double>& cumulative, std::int64_t chosen);

/// A quantity for each k; points whose value is not finite are left out, and an empty chart is returned when fewer
/// than two remain. `quantity` is its name as it begins a sentence ("Inertia"). The point at `marked` is drawn larger,
/// with its k and `mark` beside it ("knee"); 0 marks none. errors: half the length of a bar for each k, or empty.
Chart selection_chart(const std::string& name, const std::string& quantity, const std::vector<std::int64_t>& k,
                      const std::vector<double>& values, std::int64_t marked = 0, const std::string& mark = "",
                      const std::vector<double>& errors = {});

/// What was seen of each epoch of a training. Epochs without a finite value are left out; empty with fewer than two, or
/// without values.
Chart training_chart(const std::string& name, const std::string& quantity, const std::vector<std::int64_t>& epochs,
                     const std::vector<double>& values);

/// How alike each two of some labellings are, as a map of shades from white (0 and below) to blue (1): values is
/// names x names, row-major. The numbers are written into the cells where there is room (up to 12 names).
Chart agreement_map(const std::string& name, const std::string& title, const std::vector<std::string>& names,
                    const std::vector<double>& values);

/// The knife plot (Rousseeuw 1987): one blade for each cluster, its silhouettes sorted, as thick as the cluster is
/// large. `silhouettes[c]` holds all values of cluster c, or a sample of them, or their quantiles, in any order; about
/// 2,000 points are drawn in all. sizes[c] is the number of images.
Chart silhouette_chart(const std::string& name, const std::vector<std::vector<double>>& silhouettes,
                       const std::vector<std::int64_t>& sizes);

/// A bar with its number for each cluster.
Chart sizes_chart(const std::string& name, const std::vector<std::int64_t>& sizes);

/// A bar with its percentage for each topic; shares in [0, 1].
Chart shares_chart(const std::string& name, const std::vector<double>& shares);

/// Topics in a plane: a circle for each, numbered from 0, its area the topic's share. `shown`: the part of all variance
/// that the plane shows, in [0, 1]. Empty for fewer than two topics. Throws InvalidArgument for vectors of different
/// lengths.
Chart topic_map_chart(const std::string& name, const std::vector<double>& x, const std::vector<double>& y,
                      const std::vector<double>& shares, double shown);

/// One step of an agglomerative clustering, numbered as scipy's linkage matrix is: 0 .. N-1 the rows, N + i what step i
/// made.
struct DendrogramMerge {
  std::int64_t first = 0, second = 0;
  double distance = 0;    ///< of first and second when they merged, ascending from step to step
  std::int64_t size = 0;  ///< rows in the new cluster
};

/// Branches of a tree that a page has room for: a line of text each.
inline constexpr std::int64_t kDendrogramBranches = 30;

/// The top of a tree of N - 1 merges: the last shown - 1 of them, from `shown` branches (fewer where there are fewer
/// rows), each with its number of images; distance 0 is on the left. With cut_k >= 2 a dashed line where the tree
/// falls into so many clusters, which are drawn in colour. Empty without merges. Throws InvalidArgument unless
/// 2 <= shown <= 100 and 0 <= cut_k <= N, and for merges that are no tree.
Chart dendrogram_chart(const std::string& name, const std::vector<DendrogramMerge>& merges, std::int64_t shown,
                       std::int64_t cut_k);

/// Draws with gnuplot (run as a program, without its start-up files) and returns one <svg> element that stands
/// alone and fits into a page: lines and letters take the page's colour and font, ids begin with the chart's name,
/// <title> and <desc> carry title and alt text. Throws Error when gnuplot is missing (naming the package) or fails
/// (with its message), InvalidArgument for an empty chart.
std::string chart_svg(const Chart& chart);

/// The chart as the bytes of a PNG of exactly this size, letters and lines as large as its width asks for. Throws as
/// chart_svg.
std::string chart_png(const Chart& chart, int width, int height);

/// Writes the chart for print, in its size at 96 px an inch: FOLDER/NAME.svg, FOLDER/NAME.pdf, and FOLDER/NAME.png with
/// 300 dots an inch; no PDF where gnuplot was built without cairo. The same chart gives the same bytes. Throws as
/// chart_svg, and FileError.
void write_chart(const Chart& chart, const std::string& folder);

}  // namespace coterie::inline report
