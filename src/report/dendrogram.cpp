#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <iterator>

#include "chart_axes.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/report/chart.hpp"
#include "text.hpp"

namespace coterie::inline report {
namespace {

constexpr int kLeafHeight = 19;  ///< px: a line of text

/// The top of a tree: the merges that are shown and the leaves that those leave, drawn from the left (distance 0) to
/// the right, one leaf to a line.
class TopOfTree {
 public:
  TopOfTree(const std::vector<DendrogramMerge>& merges, std::int64_t leaves, double cut, std::int64_t first_undone,
            double unit)
      : merges_(merges),
        rows_(static_cast<std::int64_t>(merges.size()) + 1),
        first_shown_(rows_ - leaves),
        cut_(cut),
        first_undone_(first_undone),
        unit_(unit) {
    place(2 * rows_ - 2);
  }

  /// Lines as gnuplot data: within clusters, and above the cut.
  const std::string& below() const { return below_; }
  const std::string& above() const { return above_; }
  const std::vector<std::int64_t>& leaf_sizes() const { return leaf_sizes_; }

 private:
  struct Place {
    double distance, line;
  };

  std::int64_t size_of(std::int64_t node) const {
    return node < rows_ ? 1 : merges_[static_cast<std::size_t>(node - rows_)].size;
  }

  Place place(std::int64_t node) {
    if (node - rows_ < first_shown_) {
      leaf_sizes_.push_back(size_of(node));
      return {0, static_cast<double>(leaf_sizes_.size() - 1)};
    }
    const DendrogramMerge& merge = merges_[static_cast<std::size_t>(node - rows_)];
    const bool turn = size_of(merge.second) > size_of(merge.first);  // the larger branch on top
    const Place top = place(turn ? merge.second : merge.first);
    const Place bottom = place(turn ? merge.first : merge.second);
    const double right = merge.distance;
    if (node - rows_ < first_undone_) {
      line(below_, {top, {right, top.line}, {right, bottom.line}, bottom});
    } else {
      const Place split_top{std::max(cut_, top.distance), top.line};
      const Place split_bottom{std::max(cut_, bottom.distance), bottom.line};
      line(above_, {split_top, {right, top.line}, {right, bottom.line}, split_bottom});
      if (cut_ > top.distance) line(below_, {top, split_top});
      if (cut_ > bottom.distance) line(below_, {bottom, split_bottom});
    }
    return {right, (top.line + bottom.line) / 2};
  }

  void line(std::string& out, std::initializer_list<Place> through) const {
    for (const Place& place : through)
      fmt::format_to(std::back_inserter(out), "{} {}\n", place.distance / unit_, place.line);
    out += "\n";
  }

  const std::vector<DendrogramMerge>& merges_;
  std::int64_t rows_, first_shown_;
  double cut_;
  std::int64_t first_undone_;
  double unit_;
  std::string below_, above_;
  std::vector<std::int64_t> leaf_sizes_;
};

void check(const std::vector<DendrogramMerge>& merges) {
  const auto rows = static_cast<std::int64_t>(merges.size()) + 1;
  std::vector<bool> merged(static_cast<std::size_t>(2 * rows));
  double before = 0;
  for (std::int64_t i = 0; i < rows - 1; ++i) {
    const auto& merge = merges[static_cast<std::size_t>(i)];
    bool good = merge.first >= 0 && merge.first < merge.second && merge.second < rows + i && merge.distance >= before &&
                std::isfinite(merge.distance);
    for (const auto part : {merge.first, merge.second}) {
      good = good && !merged[static_cast<std::size_t>(part)];
      if (good) merged[static_cast<std::size_t>(part)] = true;
    }
    require(good,
            "dendrogram_chart: merge {} joins {} and {} at distance {}; parts come before wholes, each once, and "
            "distances ascend",
            i, merge.first, merge.second, merge.distance);
    before = merge.distance;
  }
}

}  // namespace

Chart dendrogram_chart(const std::string& name, const std::vector<DendrogramMerge>& merges, std::int64_t shown,
                       std::int64_t cut_k) {
  const auto rows = static_cast<std::int64_t>(merges.size()) + 1;
  require(shown >= 2 && shown <= 100, "dendrogram_chart: {} branches; take 2 to 100", shown);
  require(cut_k >= 0 && cut_k <= rows, "dendrogram_chart: a cut at k = {} of {} rows", cut_k, rows);
  Chart chart{.name = name};
  if (merges.empty()) return chart;
  check(merges);
  const std::int64_t leaves = std::min(shown, rows);
  const double top = merges.back().distance;
  const Unit unit = unit_for(top);
  const bool cuts = cut_k >= 2 && top > 0;
  const auto distance = [&](std::int64_t merge) {
    return merge < 0 ? 0.0 : merges[static_cast<std::size_t>(merge)].distance;
  };
  const double low = cuts ? distance(rows - cut_k - 1) : top, high = cuts ? distance(rows - cut_k) : top;
  const double cut = low + (high - low) / 2;
  const TopOfTree tree(merges, leaves, cut, cuts ? rows - cut_k : rows, unit.size);
  const auto& sizes = tree.leaf_sizes();

  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  chart.title = leaves < rows ? "The top of the tree of merges" : "The tree of merges";
  chart.alt = fmt::format("{} images join into {} branches of {} to {}, and these into one at distance {}.",
                          with_commas(rows), leaves, with_commas(*least), with_commas(*most), number_text(top));
  if (leaves == rows) chart.alt = fmt::format("{} images join into one at distance {}.", rows, number_text(top));
  if (cuts)
    chart.alt += fmt::format(" The cut for k = {} lies between the distances {} and {}.", cut_k, number_text(low),
                             number_text(high));
  chart.height = std::max(240, 105 + kLeafHeight * static_cast<int>(leaves + 1));

  std::string tics;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    fmt::format_to(std::back_inserter(tics), "{}'{}' {}", i > 0 ? ", " : "", with_commas(sizes[i]), i);
  chart.script = axes(chart, std::string("distance of merging") + unit.name, "images") +
                 fmt::format(
                     "set ytics ({}) scale 0\nset yrange [{}:-1.4]\n"
                     "unset grid\nset grid xtics lc rgb '#a8808080' lt 1\n",
                     tics, static_cast<double>(leaves) - 0.4) +
                 axis_range('x', 0, top / unit.size, 6, 0) + "set xrange [0:]\n";
  if (cuts)
    fmt::format_to(std::back_inserter(chart.script),
                   "set arrow from {0},graph 0 to {0},-1.2 nohead front lc rgb '{1}' lw 1.5 dt 2\n"
                   "set label 'k = {2}' at {0},-0.9 {3} offset {4},0 noenhanced\n",
                   cut / unit.size, kVermilion, cut_k, cut < 0.7 * top ? "left" : "right",
                   cut < 0.7 * top ? 0.7 : -0.7);
  std::string plots;
  const auto add = [&](const char* lines_name, const std::string& lines, const char* colour, double width) {
    if (lines.empty()) return;
    fmt::format_to(std::back_inserter(chart.script), "${} << EOD\n{}EOD\n", lines_name, lines);
    fmt::format_to(std::back_inserter(plots), "{} ${} with lines lc rgb '{}' lw {}", plots.empty() ? "plot" : ",",
                   lines_name, colour, width);
  };
  add("above", tree.above(), "black", 1.2);
  add("below", tree.below(), kBlue, 2);
  chart.script += plots + "\n";
  return chart;
}

}  // namespace coterie::inline report
