#include "coterie/report/page.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "coterie/base/errors.hpp"
#include "coterie/report/html.hpp"
#include "made_up_report.hpp"
#include "temporary_folder.hpp"
#include "well_formed.hpp"

namespace coterie {
namespace {

std::string page_of(const Report& report, const TemporaryFolder& folder, const PageOptions& options = {}) {
  ThreadPool pool(2);
  write_report(report, made_up_image, folder.path().string(), pool, options);
  std::ifstream file(folder / "index.html", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::int64_t occurrences(const std::string& text, const std::string& part) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a full report is one well-formed page that fetches and runs nothing") {
  const TemporaryFolder folder;
  const Report report = made_up_report();
  const std::string page = page_of(report, folder);
  CHECK(markup_fault(page) == "");
  for (const char* id : {"images", "components", "choice", "clusters", "agreement", "topics", "assigned", "comparisons",
                         "codings", "others", "tables", "provenance", "repeat"})
    CHECK_MESSAGE(contains(page, fmt::format("<section id=\"{}\">", id)), id);
  for (const char* unwanted : {"<script", "src=\"http", "url(", "@import", "<link"})
    CHECK_MESSAGE(!contains(page, unwanted), unwanted);
  CHECK(occurrences(page, "<img ") == occurrences(page, "src=\"data:image/jpeg;base64,"));
  CHECK(occurrences(page, "<img ") == 8 * 20 + (6 + 10 + 12) * 10 + 2);
  CHECK(occurrences(page, "<img ") == occurrences(page, "\" alt=\""));
  CHECK(contains(page, html_text(report.warnings.front())));
  CHECK(contains(page, "<td class=\"number\">796</td><td class=\"number\">100.0 %</td>"));
  CHECK(contains(page, "href=\"./../tables/skipped.csv\""));
  CHECK(contains(page, "<a href=\"./topics-12.html\">12</a>"));  // of 6 topics there is no page
  CHECK(contains(page, "<th scope=\"row\" class=\"number\">6</th><td class=\"number\">−5.400</td>"));
  CHECK(!std::filesystem::exists(folder / "pictures"));
}

TEST_CASE("every chart is in the page with its sentence") {
  const TemporaryFolder folder;
  const Report report = made_up_report();
  const std::string page = page_of(report, folder);
  const auto charts = report_charts(report);
  CHECK(charts.size() == 5 + 2 * report.solutions.size());
  for (const auto& chart : charts) {
    CHECK(contains(page, "<figcaption>" + html_text(chart.alt) + " <span class=\"files\">For print: "));
    for (const char* suffix : {"svg", "pdf", "png"}) {
      const std::string file = fmt::format("figures/{}.{}", chart.name, suffix);
      CHECK(contains(page, fmt::format("<a href=\"./{}\">", file)));
      CHECK(std::filesystem::file_size(folder / file) > 1000);
    }
  }
}

TEST_CASE("hostile names do no harm and an unreadable image is reported") {
  const TemporaryFolder folder;
  const std::string page = page_of(made_up_report(), folder);
  CHECK(contains(page,
                 "circles/&lt;/li&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;\xEF\xBF\xBD&amp;&#39;␊.png"));
  CHECK(contains(page, "alt=\"cannot be read: stripes/broken.png\""));
  CHECK(contains(page, "<title>Shapes &amp; &lt;forms&gt;</title>"));
}

TEST_CASE("with pictures beside it the page is small and each path is written once") {
  const TemporaryFolder folder;
  Report report = made_up_report();
  report.solutions[0].clusters[0].nearest.assign(3, "rings/0001.png");
  const std::string page = page_of(report, folder, {.single_file = false, .chart_files = false});
  CHECK(markup_fault(page) == "");
  CHECK(!contains(page, "data:image"));
  std::int64_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder / "pictures")) {
    ++files;
    CHECK(contains(page, "src=\"pictures/" + file.path().filename().string()));
  }
  CHECK(files > 100);
  CHECK(files < occurrences(page, "<img "));
}

TEST_CASE("folded solutions give up pictures first, so that the page stays small enough to mail") {
  const TemporaryFolder folder;
  const Report report = made_up_report();
  CHECK(occurrences(page_of(report, folder, {.chart_files = false, .most_pictures = 300}), "<img ") ==
        162 + 28 * (140 / 28));
  CHECK(occurrences(page_of(report, folder, {.chart_files = false, .most_pictures = 100}), "<img ") == 162);
}

TEST_CASE("pictures lead to their images by relative paths, where there is a file to lead to") {
  const TemporaryFolder folder;
  Report report = made_up_report();
  const auto& shown = report.solutions[1].clusters[0].nearest;
  report.image_links[shown[0]] = "../../a b/\"javascript:x.png";
  const std::string page = page_of(report, folder, {.chart_files = false});
  CHECK(markup_fault(page) == "");
  CHECK(contains(page, "<a href=\"./../../a%20b/%22javascript%3Ax.png\"><img "));
  CHECK(contains(page, fmt::format("<a href=\"./../../shapes/{}\"><img ", shown[1])));
  CHECK(occurrences(page, "><img ") - occurrences(page, "<li><img ") == occurrences(page, "\"><img "));
  CHECK(contains(page, "Each picture leads to its image."));
  report.image_links.clear();
  CHECK(!contains(page_of(report, folder, {.chart_files = false}), "\"><img "));
}

TEST_CASE("each cluster leads to the one before and the one after") {
  const TemporaryFolder folder;
  const std::string page = page_of(made_up_report(), folder, {.chart_files = false});  // links to nowhere are a fault
  CHECK(markup_fault(page) == "");
  CHECK(contains(page, "<p class=\"walk\"><a href=\"#k8-clusters\">all clusters</a> <a href=\"#k8-cluster1\">"));
  CHECK(contains(page,
                 "<a href=\"#k8-cluster2\">← Cluster 2</a> <a href=\"#k8-clusters\">all clusters</a> <a "
                 "href=\"#k8-cluster4\">Cluster 4 →</a>"));
  CHECK(contains(page, "<a href=\"#k8-cluster6\">← Cluster 6</a> <a href=\"#k8-clusters\">all clusters</a></p>"));
}

TEST_CASE("what a cluster holds more of than the collection is said with its counts") {
  const TemporaryFolder folder;
  const std::string page = page_of(made_up_report(), folder, {.chart_files = false});
  CHECK(
      contains(page,
               "<li>folder <b><bdi>circles</bdi></b>: 40 of 60 here (66.7 %), 90 of 771 in all (11.7 %); 5.7 times as "
               "often, p &lt; 0.001</li>"));
  CHECK(contains(page, "<b><bdi>&lt;b&gt;Bath&lt;/b&gt;</bdi></b>: 12 of 60 here"));
  CHECK(contains(page, "2.0 times as often, p = 0.031"));
  CHECK(contains(page, "By Fisher&#39;s exact test, p &lt; 0.05."));
  Report report = made_up_report();
  report.solutions[1].clusters[0].excess.assign(8, {"year", "1990", 9, 60, 20, 771, 2, 0.01});
  CHECK(contains(page_of(report, folder, {.chart_files = false}), "<li>and 3 more, in the table</li>"));
}

TEST_CASE("new images, comparisons and tables are shown where there are some") {
  const TemporaryFolder folder;
  Report report = made_up_report();
  const std::string page = page_of(report, folder);
  CHECK(contains(page, "<b>new &amp; &lt;old&gt;</b>: 16 new images, given to 8 clusters"));
  CHECK(contains(page, "href=\"./../tables/assignments/new/assigned.csv\""));
  CHECK(contains(page, "alt=\"rings/new-2.png\""));
  CHECK(contains(page, "<th scope=\"row\">ward:8</th><td class=\"number\">0.610</td>"));
  CHECK(contains(page, "<a href=\"./tables/evaluation.csv\">"));
  report.assignments.clear();
  report.comparisons.clear();
  report.tables.clear();
  const std::string without = page_of(report, folder, {.chart_files = false});
  for (const char* id : {"assigned", "comparisons", "tables"})
    CHECK_MESSAGE(!contains(without, fmt::format("id=\"{}\"", id)), id);
  report = made_up_report();
  report.assignments[0].counts.pop_back();
  ThreadPool pool(1);
  CHECK_THROWS_AS(write_report(report, made_up_image, folder.path().string(), pool), Error);
}

TEST_CASE("each table that may be too wide scrolls, by the keyboard too, and has a name that is read out") {
  const TemporaryFolder folder;
  const std::string page = page_of(made_up_report(), folder, {.chart_files = false});
  CHECK(occurrences(page, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"") ==
        occurrences(page, "class=\"scroll\""));
  CHECK(contains(page, "aria-label=\"new &amp; &lt;old&gt;: 16 new images, given to 8 clusters\""));
  CHECK(occurrences(page, "<table class=\"facts\"") + occurrences(page, "aria-label=\"") - 2 >=
        occurrences(page, "<table"));
}

TEST_CASE("a report with next to nothing in it is still a page") {
  const TemporaryFolder folder;
  Report report;
  report.title = "Nothing";
  const std::string page = page_of(report, folder);
  CHECK(markup_fault(page) == "");
  CHECK(!contains(page, "<section"));
  CHECK(!contains(page, "<table"));
}

TEST_CASE("an imported study has no pictures, no labels and no variance, and its empty cells are dashes") {
  const TemporaryFolder folder;
  Report report;
  report.title = "Vectors";
  report.ks = {{.k = 2, .inertia = 12}};
  report.solutions = {{"k2", {{.size = 3}, {.size = 0}}, {}, {}}};
  const std::string page = page_of(report, folder);
  CHECK(markup_fault(page) == "");
  CHECK(!contains(page, "nan"));
  CHECK(!contains(page, "<img"));
  CHECK(contains(page, ">–<"));
}

TEST_CASE("two solutions with as many clusters keep their charts and anchors apart") {
  const TemporaryFolder folder;
  Report report = made_up_report();
  report.solutions.push_back(report.solutions[1]);
  CHECK(markup_fault(page_of(report, folder)) == "");
  CHECK(report_charts(report).back().name == "k8-2-silhouettes");
}

TEST_CASE("a report that contradicts itself is not written") {
  const TemporaryFolder folder;
  ThreadPool pool(1);
  const auto refuses = [&](auto&& spoil) {
    Report report = made_up_report();
    spoil(report);
    CHECK_THROWS_AS(write_report(report, made_up_image, folder.path().string(), pool), Error);
  };
  refuses([](Report& report) { ++report.statuses[0].count; });
  refuses([](Report& report) { ++report.solutions[2].clusters[0].size; });
  refuses([](Report& report) { report.solutions[0].agreements[0].counts.pop_back(); });
  refuses([](Report& report) { report.solutions[0].agreements[0].counts[0] += 1; });
  refuses([](Report& report) { report.chosen = 4; });
  CHECK(!std::filesystem::exists(folder / "index.html"));
}

TEST_CASE(
    "a page shows the map with its caption and leads to the viewer, or says how to make one; without a map neither") {
  const TemporaryFolder folder;
  Report report = made_up_report();
  CHECK(!contains(page_of(report, folder), "<section id=\"map\">"));
  report.map.viewer_link = "../viewer/index.html";
  CHECK(
      contains(page_of(report, folder), "<a href=\"./../viewer/index.html\">Explore the images and name clusters</a>"));
  report.map = {"embeddings/<tsne>", "Of the nearest 64 % are near.", Image{3, 2, std::vector<std::uint8_t>(18, 7)},
                ""};
  const std::string page = page_of(report, folder);
  CHECK(markup_fault(page) == "");
  CHECK(contains(page, "From <code>embeddings/&lt;tsne&gt;</code>"));
  CHECK(contains(page, "Of the nearest 64 % are near."));
  CHECK(contains(page, "<img class=\"map\" src=\"data:image/png;base64,"));
  CHECK(contains(page, "width=\"3\" height=\"2\" alt=\"Map of the images, coloured by cluster\""));
  CHECK(contains(page, "<code>coterie view</code> writes a page"));
}

}  // namespace coterie
