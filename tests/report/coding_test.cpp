#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <opencv2/imgcodecs.hpp>

#include "coterie/base/errors.hpp"
#include "coterie/report/coding_charts.hpp"
#include "coterie/report/coding_form.hpp"
#include "temporary_folder.hpp"
#include "well_formed.hpp"

namespace coterie {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::int64_t occurrences(const std::string& text, const std::string& part) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

CodingForm hostile_form() {
  CodingForm form{.title = "<script>alert(1)</script>",
                  .token = "0123456789ab",
                  .file = "coder1.csv",
                  .question = "Does it \"fit\"?",
                  .guide = "</script><b>",
                  .answers = {"fits", "does not"}};
  form.pictures = {"\xFF\xD8 one", "\xFF\xD8 two"};
  form.themes = {{"</script><script>alert(2)</script> \xFF <!-- ' \" \\", {1}}};
  form.items = {{"aa", {0}, 0, {}}, {"bb", {1}, -1, {"<img src=x onerror=alert(3)>", "\xE2\x80\xA8"}}};
  return form;
}

// Rows 1 and 4 of figure 9's published table.
std::vector<ConsistencyPanel> figure_9() {
  return {{"6", "self-supervised", {.75, .85, 1, 1, .90, 1}, .92, {}, {}},
          {"8", "self-supervised", {1, 1, .95, 1, .65, .85, .95, .25}, .83, {}, {}},
          {"6", "supervised", {.85, .85, 1, .95, .50, .65}, .80, {}, {}},
          {"8", "supervised", {.70, .95, .85, 1, .90, .50, .65, .90}, .81, {}, {}}};
}

}  // namespace

TEST_CASE("hostile texts of a form neither end its data nor run") {
  const std::string page = coding_form_page(hostile_form());
  CHECK(occurrences(page, "<script") == 2);  // the data, and the script that the policy names
  CHECK(occurrences(page, "</script>") == 2);
  CHECK(contains(page, "default-src 'none'; img-src data:; style-src 'sha256-"));
  CHECK(contains(page, "script-src 'sha256-"));
  CHECK_FALSE(contains(page, "unsafe-inline"));
  CHECK_FALSE(contains(page, "<img src=x"));
  CHECK_FALSE(contains(page, "http:"));
  CHECK_FALSE(contains(page, "https:"));
  CHECK(contains(page, "\\u003c/script>\\u003cscript>alert(2)"));
}

TEST_CASE("a sheet for paper has every item with its boxes, and no script") {
  const std::string page = coding_sheet_page(hostile_form());
  CHECK(markup_fault(page) == "");
  CHECK_FALSE(contains(page, "<script"));
  CHECK(occurrences(page, "class=\"box\"") == 4);
  CHECK(contains(page, "<code>bb</code>"));
}

TEST_CASE("consistency is drawn as published: 7.5 by 6 inches, a panel for each solution, values above bars") {
  const TemporaryFolder folder;
  const Chart chart = consistency_chart("figure-9", figure_9());
  CHECK(chart.alt == "Mean consistencies run from 0.80 (supervised, 6) to 0.92 (self-supervised, 6).");
  const std::string svg = chart_svg(chart);
  CHECK(markup_fault(svg) == "");
  for (const char* text : {"self-supervised", "supervised", "Cluster ID", "Within-cluster consistency", "0.92", "0.25"})
    CHECK_MESSAGE(contains(svg, text), text);
  CHECK(occurrences(svg, ">M<") == 4);
  write_chart(chart, folder.path().string());
  const auto picture = cv::imread((folder / "figure-9.png"));
  CHECK(picture.cols == 2250);
  CHECK(picture.rows == 1800);
  CHECK(consistency_chart("x", {}).empty());
  CHECK_THROWS_AS(consistency_chart("x", {figure_9()[0], figure_9()[0]}), InvalidArgument);
}

TEST_CASE("what was not coded has no bar, and a single solution has its intervals") {
  const double none = std::nan("");
  const Chart chart = consistency_chart("x", {{"random", "k = 2", {.5, none}, .5, {.3, none}, {.7, none}}});
  const std::string svg = chart_svg(chart);
  CHECK(markup_fault(svg) == "");
  CHECK(occurrences(svg, ">0.50<") == 2);  // the cluster and the mean
  CHECK_FALSE(contains(svg, "nan"));
}

TEST_CASE("kappas are drawn in groups, one shade for each model") {
  const Chart chart = agreement_chart("figure-b3", "Cohen's Kappa",
                                      {{"6", "Face", "ImageNet", .94, std::nan(""), std::nan("")},
                                       {"6", "Climate", "ImageNet", .61, .4, .8},
                                       {"10", "Face", "VGGFace", .18, std::nan(""), std::nan("")},
                                       {"10", "Climate", "VGGFace", std::nan(""), 0, 0}});
  const std::string svg = chart_svg(chart);
  CHECK(markup_fault(svg) == "");
  CHECK(contains(svg, "ImageNet"));
  CHECK(contains(svg, "VGGFace"));
  CHECK(chart.alt == "Cohen's Kappa runs from 0.180 to 0.940.");
  CHECK(agreement_chart("x", "kappa", {}).empty());
}

}  // namespace coterie
