#include "coterie/report/chart.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <opencv2/imgcodecs.hpp>
#include <regex>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"
#include "well_formed.hpp"

namespace coterie {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void check_svg(const Chart& chart) {
  const std::string svg = chart_svg(chart);
  CHECK(svg.starts_with("<svg "));
  CHECK(markup_fault(svg) == "");
  CHECK(contains(svg, "role=\"img\""));
  CHECK(contains(svg, ">" + chart.alt + "</desc>"));
  CHECK(contains(svg, "currentColor"));
  for (const char* unwanted : {"<?xml", "Arial", "font-family=\"sans\"", "\"black\"", "'black'", "id='gp", "Gnuplot",
                               "rgb(0,0,0)", "rgb(  0,   0,   0)"})
    CHECK_MESSAGE(!contains(svg, unwanted), unwanted);
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// How far down an SVG a text stands, in px.
double line_of(const std::string& svg, const std::string& text) {
  const std::size_t at = svg.rfind("translate(", svg.find(text));
  REQUIRE(at != std::string::npos);
  return std::stod(svg.substr(svg.find(',', at) + 1));
}

/// The top of the longest blue line.
double highest_point(const std::string& svg) {
  static const std::regex line("stroke='rgb\\( 43, 123, 186\\)'  d='M([^']*)'");
  double top = 1e9;
  for (std::sregex_iterator each(svg.begin(), svg.end(), line), end; each != end; ++each) {
    static const std::regex y(",([0-9.]+)");
    const std::string points = (*each)[1];
    for (std::sregex_iterator point(points.begin(), points.end(), y); point != end; ++point)
      top = std::min(top, std::stod((*point)[1]));
  }
  REQUIRE(top < 1e9);
  return top;
}

}  // namespace

TEST_CASE("the variance curve marks the chosen number and says so") {
  const Chart chart = variance_chart("variance", {0.5, 0.75, 0.875, 0.9375}, 2);
  CHECK(chart.alt ==
        "The first component explains 0.500 of the variance, the 2 that were kept explain 0.750, all 4 shown explain "
        "0.938.");
  check_svg(chart);
  CHECK(contains(chart_svg(chart), ">2 kept: 0.750<"));
  CHECK(variance_chart("variance", {}, 0).empty());
  CHECK_THROWS_AS(variance_chart("variance", {0.5}, 2), InvalidArgument);
}

TEST_CASE("a curve over k says whether it falls, rises, or where its ends lie") {
  CHECK(selection_chart("inertia", "Inertia", {5, 10, 20}, {5321.2, 4000, 3000}).alt ==
        "Inertia falls from 5,321 at k = 5 to 3,000 at k = 20.");
  CHECK(selection_chart("x", "Index", {5, 10}, {1, 2}).alt == "Index rises from 1 at k = 5 to 2 at k = 10.");
  const Chart chart = selection_chart("silhouette", "Silhouette", {5, 8, 20}, {0.1, 0.25, 0.05});
  CHECK(chart.alt == "Silhouette for k from 5 to 20: highest, 0.25, at k = 8; lowest, 0.05, at k = 20.");
  check_svg(chart);
}

TEST_CASE("values that were not measured are left out of a curve, and one value is no curve") {
  const Chart chart = selection_chart("s", "Silhouette", {5, 8, 20}, {NAN, 0.25, 0.05});
  CHECK(chart.alt == "Silhouette falls from 0.25 at k = 8 to 0.05 at k = 20.");
  CHECK(selection_chart("s", "Silhouette", {5, 8}, {NAN, 0.25}).empty());
  CHECK(selection_chart("s", "Silhouette", {}, {}).empty());
  CHECK_THROWS_AS(selection_chart("s", "Silhouette", {1}, {}), InvalidArgument);
}

TEST_CASE("a marked k stands out and is named, errors become bars") {
  const std::vector<std::int64_t> k{2, 3, 4, 5};
  const Chart knee = selection_chart("knee", "Inertia", k, {90, 40, 30, 28}, 3, "knee");
  CHECK(contains(knee.alt, "The knee is at k = 3."));
  check_svg(knee);
  CHECK(contains(chart_svg(knee), ">knee: k = 3<"));
  CHECK(selection_chart("knee", "Inertia", k, {90, 40, 30, 28}, 7, "knee").alt ==
        "Inertia falls from 90 at k = 2 to 28 at k = 5.");
  const Chart bars = selection_chart("gap", "Gap", k, {0.1, 0.4, 0.38, 0.2}, 0, "", {0.02, 0.03, NAN, 0.05});
  check_svg(bars);
  CHECK(chart_svg(bars) != chart_svg(selection_chart("gap", "Gap", k, {0.1, 0.4, 0.38, 0.2})));
  CHECK_THROWS_AS(selection_chart("gap", "Gap", k, {1, 2, 3, 4}, 0, "", {0.1}), InvalidArgument);
}

TEST_CASE("a map of agreements names the most and the least alike") {
  const std::vector<std::string> names{"resnet50:8", "vgg16:8", "folder"};
  const Chart map = agreement_map("map", "Agreement", names, {1, 0.8, 0.3, 0.8, 1, 0.25, 0.3, 0.25, 1});
  CHECK(map.alt == "Of 3 labellings resnet50:8 and vgg16:8 are most alike, 0.80, and vgg16:8 and folder least, 0.25.");
  const std::string svg = chart_svg(map);
  CHECK(markup_fault(svg) == "");
  for (const char* shown : {"resnet50:8", ">0.25<", ">1.00<"}) CHECK_MESSAGE(contains(svg, shown), shown);
  CHECK(agreement_map("map", "Agreement", {"one"}, {1}).empty());
  CHECK_THROWS_AS(agreement_map("map", "Agreement", names, {1}), InvalidArgument);
}

TEST_CASE("names that gnuplot, a shell or a browser would obey are drawn as they are") {
  const TemporaryFolder folder;
  const std::string here = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  const std::vector<std::string> names = {
      "`touch owned`",   "'; system 'touch owned", "\"@x\\",     "100%n%s%g%%", "<script>alert(1)</script>",
      "a\n!touch owned", "{/Symbol a}_2^3",        "latin-\xE9", "\u202Egpj"};
  const Chart chart = agreement_map("map", names[0] + names[1] + names[5], names, std::vector<double>(81, 0.5));
  const std::string svg = chart_svg(chart);
  write_chart(chart, folder.path());
  std::filesystem::current_path(here);
  CHECK_FALSE(std::filesystem::exists(folder / "owned"));
  CHECK(markup_fault(svg) == "");
  CHECK_FALSE(contains(svg, "<script"));
  for (const char* shown :
       {"`touch owned`  1<", "\u2019; system \u2019touch owned  2<", "\"@x\\  3<", "100%n%s%g%%  4<",
        "&lt;script>alert(1)&lt;/script>  5<", "a?!touch owned  6<", "{/Symbol a}_2^3  7<", "latin-?  8<", "?gpj  9<"})
    CHECK_MESSAGE(contains(svg, shown), std::string(shown));
}

TEST_CASE("equal values at all k are drawn") { check_svg(selection_chart("s", "Inertia", {2, 3}, {0, 0})); }

TEST_CASE("blades are weighted by their clusters' sizes") {
  const Chart chart = silhouette_chart("knife", {{0.5, 0.3}, {-0.2}, {}}, {30, 10, 0});
  CHECK(chart.alt ==
        "The mean silhouette is 0.250; cluster 0 has the highest, 0.400, and cluster 1 the lowest, −0.200.");
  check_svg(chart);
  CHECK(silhouette_chart("knife", {{}, {}}, {3, 4}).empty());
  CHECK(silhouette_chart("knife", {}, {}).empty());
}

TEST_CASE("each cluster has its bar and its number") {
  const Chart chart = sizes_chart("sizes", {1200, 3, 45});
  CHECK(chart.alt == "The 3 clusters hold from 3 images (cluster 1) to 1,200 (cluster 0).");
  check_svg(chart);
  const std::string svg = chart_svg(chart);
  for (const char* number : {">1,200<", ">3<", ">45<"}) CHECK(contains(svg, number));
}

TEST_CASE("two hundred clusters and fifty thousand values still make a small drawing") {
  std::vector<std::vector<double>> values(200);
  std::vector<std::int64_t> sizes;
  for (std::size_t c = 0; c < values.size(); ++c) {
    for (std::size_t i = 0; i < 250; ++i) values[c].push_back(0.001 * static_cast<double>((i * 37 + c) % 500) - 0.1);
    sizes.push_back(250);
  }
  const Chart chart = silhouette_chart("many", values, sizes);
  check_svg(chart);
  CHECK(chart_svg(chart).size() < 400'000);
}

TEST_CASE("a chart is written for print: SVG, PDF, and PNG of 300 dots an inch, the same bytes each time") {
  const TemporaryFolder folder;
  const Chart chart = sizes_chart("sizes", {1, 2});
  write_chart(chart, folder.path().string());
  const std::string svg = bytes_of(folder / "sizes.svg");
  CHECK(contains(svg, "width=\"400\" height=\"240\""));
  CHECK(!contains(svg, "currentColor"));
  const std::string png = bytes_of(folder / "sizes.png");
  CHECK(contains(png, std::string("pHYs\0\0\x2E\x23\0\0\x2E\x23\x01", 13)));  // 11811 px a metre
  const cv::Mat picture = cv::imread(folder / "sizes.png");
  CHECK(picture.cols == 1250);  // 400 px of 1/96 inch
  CHECK(picture.rows == static_cast<int>(std::ceil(chart.height * 3.125)));
  const std::string pdf = bytes_of(folder / "sizes.pdf");
  CHECK(pdf.starts_with("%PDF-"));
  CHECK(contains(pdf, "/MediaBox [ 0 0 300 180 ]"));  // points
  CHECK(contains(pdf, "/CreationDate (D:20000101000000"));
  CHECK(contains(pdf, "/FontFile"));  // the letters come with it
  CHECK_THROWS_AS(write_chart(chart, folder / "absent"), FileError);
  CHECK_THROWS_AS(chart_svg(sizes_chart("sizes", {})), InvalidArgument);
  CHECK_THROWS_AS(chart_svg(sizes_chart("a b", {1})), InvalidArgument);
}

TEST_CASE("no word of any chart is cut at its edge") {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> k{2, 30, 1000};
  const std::vector<double> values{1234567890.0, 3.5e8, -12};
  const std::vector<std::string> names{"efficientnet_lite0-pca-kmeans:12", "efficientnet_lite0-pca-kmeans:16",
                                       "folder"};
  const std::vector<double> alike{1, 0.95, 0.3, 0.95, 1, 0.25, 0.3, 0.25, 1};
  std::vector<std::string> many(18, names[0]);
  const std::vector<Chart> charts = {
      selection_chart("simplified", "Simplified silhouette", {4, 8, 16}, {0.1, 0.2, 0.3}, 16, "best"),
      selection_chart("resampled", "Stability under resampling", k, values, 2, "best"),
      selection_chart("ari", "Agreement (ARI) with the metadata column photographer_of_origin", k, values),
      variance_chart("flat", std::vector<double>(32, 0.061), 32),
      variance_chart("few", {0.061, 0.1, 0.12}, 1),
      silhouette_chart("knife", {{0.38, -0.09}, {0.01}}, {1234567, 3}),
      sizes_chart("large", {123456789, 3}),
      agreement_map("three", "Agreement of each two (ARI)", names, alike),
      agreement_map("many", "Agreement of each two (ARI)", many, std::vector<double>(18 * 18, 0.5))};
  for (const auto& chart : charts) {
    CAPTURE(chart.name);
    write_chart(chart, folder.path().string());
    const cv::Mat picture = cv::imread(folder / (chart.name + ".png"), cv::IMREAD_GRAYSCALE);
    REQUIRE(!picture.empty());
    constexpr int kEdge = 8;
    for (const cv::Rect& edge : {cv::Rect(0, 0, picture.cols, kEdge), cv::Rect(0, 0, kEdge, picture.rows),
                                 cv::Rect(0, picture.rows - kEdge, picture.cols, kEdge),
                                 cv::Rect(picture.cols - kEdge, 0, kEdge, picture.rows)})
      CHECK(cv::countNonZero(picture(edge) != 255) == 0);
  }
}

TEST_CASE("the words of a mark stand between title and plot, wherever the point lies") {
  for (const std::int64_t marked : {4, 8, 16}) {
    const std::string svg =
        chart_svg(selection_chart("s", "Simplified silhouette", {4, 8, 16}, {0.3, 0.1, 0.3}, marked, "best"));
    const double words = line_of(svg, fmt::format("best: k = {}", marked));
    CHECK(words - line_of(svg, "silhouette for each k</text>") > 15);  // the title's last line
    CHECK(words < 0.9 * highest_point(svg));
  }
}

TEST_CASE("without gnuplot the error names the package") {
  const TemporaryFolder empty;
  const std::string path = std::getenv("PATH");
  setenv("PATH", empty.path().c_str(), 1);
  std::string message;
  try {
    chart_svg(sizes_chart("sizes", {1, 2}));
  } catch (const Error& error) {
    message = error.what();
  }
  setenv("PATH", path.c_str(), 1);
  CHECK(contains(message, "apt-get install gnuplot-nox"));
}

}  // namespace coterie
