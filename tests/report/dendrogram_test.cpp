#include <doctest/doctest.h>

#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/report/chart.hpp"
#include "well_formed.hpp"

namespace coterie {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Five rows: (0 1) and (2 3) at 1 and 2, then row 4 to the second at 4, then all at 10.
const std::vector<DendrogramMerge> kFive = {{0, 1, 1, 2}, {2, 3, 2, 2}, {4, 6, 4, 3}, {5, 7, 10, 5}};

/// The lines of one of the script's blocks of data.
std::string block(const Chart& chart, const std::string& name) {
  const std::size_t begin = chart.script.find("$" + name + " << EOD\n");
  if (begin == std::string::npos) return "";
  const std::size_t first = chart.script.find('\n', begin) + 1;
  return chart.script.substr(first, chart.script.find("EOD\n", first) - first);
}

}  // namespace

TEST_CASE("a whole tree is drawn with a leaf for each row, the larger branch on top") {
  const Chart chart = dendrogram_chart("tree", kFive, 30, 0);
  CHECK(chart.title == "The tree of merges");
  CHECK(chart.alt == "5 images join into one at distance 10.");
  // From the top: rows 2, 3, 4 (lines 0 to 2), then 0 and 1.
  CHECK(block(chart, "below") ==
        "0 0\n2 0\n2 1\n0 1\n\n"
        "2 0.5\n4 0.5\n4 2\n0 2\n\n"
        "0 3\n1 3\n1 4\n0 4\n\n"
        "4 1.25\n10 1.25\n10 3.5\n1 3.5\n\n");
  CHECK(block(chart, "above") == "");
  CHECK(markup_fault(chart_svg(chart)) == "");
}

TEST_CASE("the top of a tree shows so many branches, their sizes, and the cut between two merges") {
  const Chart chart = dendrogram_chart("tree", kFive, 3, 2);
  CHECK(chart.title == "The top of the tree of merges");
  CHECK(
      chart.alt ==
      "5 images join into 3 branches of 1 to 2, and these into one at distance 10. The cut for k = 2 lies between the "
      "distances 4 and 10.");
  CHECK(block(chart, "below") == "0 0\n4 0\n4 1\n0 1\n\n4 0.5\n7 0.5\n\n0 2\n7 2\n\n");
  CHECK(block(chart, "above") == "7 0.5\n10 0.5\n10 2\n7 2\n\n");
  CHECK(contains(chart.script, "set ytics ('2' 0, '1' 1, '2' 2)"));
  CHECK(contains(chart.script, "set arrow from 7,"));
  const std::string svg = chart_svg(chart);
  CHECK(markup_fault(svg) == "");
  CHECK(contains(svg, ">k = 2<"));
  CHECK(contains(svg, "currentColor"));
  CHECK(contains(svg, ">" + chart.alt + "</desc>"));
}

TEST_CASE("a cut below what is shown leaves no merge in colour") {
  const Chart chart = dendrogram_chart("tree", kFive, 2, 5);
  CHECK(block(chart, "below") == "0 0\n0.5 0\n\n0 1\n0.5 1\n\n");
  CHECK(markup_fault(chart_svg(chart)) == "");
}

TEST_CASE("large distances are counted in millions") {
  auto merges = kFive;
  for (auto& merge : merges) merge.distance *= 2e6;
  const Chart chart = dendrogram_chart("tree", merges, 2, 2);
  CHECK(contains(chart.script, "(millions)"));
  CHECK(block(chart, "above") == "14 0\n20 0\n20 1\n14 1\n\n");
}

TEST_CASE("rows that all are equal make a drawing without a cut") {
  auto merges = kFive;
  for (auto& merge : merges) merge.distance = 0;
  const Chart chart = dendrogram_chart("tree", merges, 30, 2);
  CHECK(!contains(chart.script, "set arrow"));
  CHECK(markup_fault(chart_svg(chart)) == "");
}

TEST_CASE("no merges make no drawing, and what is no tree is refused") {
  CHECK(dendrogram_chart("tree", {}, 30, 1).empty());
  CHECK_THROWS_AS(dendrogram_chart("tree", kFive, 1, 2), InvalidArgument);
  CHECK_THROWS_AS(dendrogram_chart("tree", kFive, 101, 2), InvalidArgument);
  CHECK_THROWS_AS(dendrogram_chart("tree", kFive, 30, 6), InvalidArgument);
  const auto refused = [](std::size_t at, DendrogramMerge merge) {
    auto merges = kFive;
    merges[at] = merge;
    CHECK_THROWS_AS(dendrogram_chart("tree", merges, 30, 0), InvalidArgument);
  };
  refused(1, {2, 6, 2, 2});  // itself
  refused(2, {1, 6, 4, 3});  // row 1 once more
  refused(2, {6, 4, 4, 3});
  refused(2, {4, 6, 1.5, 3});
  refused(3, {5, 7, INFINITY, 5});
  refused(0, {0, 1, NAN, 2});
}

}  // namespace coterie
