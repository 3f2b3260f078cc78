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
  for (const char* id : {"images", "components", "choice", "clusters", "agreement", "others", "provenance", "repeat"})
    CHECK_MESSAGE(contains(page, fmt::format("<section id=\"{}\">", id)), id);
  for (const char* unwanted : {"<script", "src=\"http", "url(", "@import", "<link"})
    CHECK_MESSAGE(!contains(page, unwanted), unwanted);
  CHECK(occurrences(page, "<img ") == occurrences(page, "src=\"data:image/jpeg;base64,"));
  CHECK(occurrences(page, "<img ") == 8 * 20 + (6 + 10 + 12) * 10);
  CHECK(occurrences(page, "<img ") == occurrences(page, "\" alt=\""));
  CHECK(contains(page, html_text(report.warnings.front())));
  CHECK(contains(page, "<td class=\"number\">796</td><td class=\"number\">100.0 %</td>"));
  CHECK(contains(page, "href=\"./../tables/skipped.csv\""));
  CHECK(!std::filesystem::exists(folder / "pictures"));
}

TEST_CASE("every chart is in the page with its sentence") {
  const TemporaryFolder folder;
  const Report report = made_up_report();
  const std::string page = page_of(report, folder);
  const auto charts = report_charts(report);
  CHECK(charts.size() == 3 + 2 * report.solutions.size());
  for (const auto& chart : charts) CHECK(contains(page, "<figcaption>" + html_text(chart.alt) + "</figcaption>"));
}

TEST_CASE("hostile names do no harm and an unreadable image is told") {
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
  const std::string page = page_of(report, folder, {.single_file = false});
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
  CHECK(occurrences(page_of(report, folder, {.most_pictures = 300}), "<img ") == 160 + 28 * (140 / 28));
  CHECK(occurrences(page_of(report, folder, {.most_pictures = 100}), "<img ") == 160);
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
  refuses([](Report& report) { ++report.fates[0].count; });
  refuses([](Report& report) { ++report.solutions[2].clusters[0].size; });
  refuses([](Report& report) { report.solutions[0].agreements[0].counts.pop_back(); });
  refuses([](Report& report) { report.solutions[0].agreements[0].counts[0] += 1; });
  refuses([](Report& report) { report.chosen = 4; });
  CHECK(!std::filesystem::exists(folder / "index.html"));
}

}  // namespace coterie
