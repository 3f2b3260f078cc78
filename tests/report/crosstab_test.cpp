#include "crosstab.hpp"

#include <doctest/doctest.h>

#include "well_formed.hpp"

namespace coterie {
namespace {

// Two clusters, four classes: totals a 3, b 12, c 1, d 12.
const ReportAgreement kAgreement{
    .column = "folder", .classes = {"a", "b", "c", "<d>"}, .counts = {1, 10, 0, 5, 2, 2, 1, 7}};

}  // namespace

TEST_CASE("a crosstab's classes fall by their totals, ties keep their order") {
  const auto lines = crosstab_lines(kAgreement, 4);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].name == "<bdi>b</bdi>");
  CHECK(lines[1].name == "<bdi>&lt;d&gt;</bdi>");
  CHECK(lines[2].name == "<bdi>a</bdi>");
  CHECK(lines[3].name == "<bdi>c</bdi>");
  CHECK(lines[1].counts == std::vector<std::int64_t>{5, 7});
  CHECK(lines[1].total == 12);
}

TEST_CASE("classes beyond the limit are summed, so that the table still adds up") {
  const auto lines = crosstab_lines(kAgreement, 2);
  REQUIRE(lines.size() == 3);
  CHECK(lines[2].name == "<i>2 smaller ones</i>");
  CHECK(lines[2].counts == std::vector<std::int64_t>{1, 3});
  CHECK(lines[2].total == 4);
}

TEST_CASE("the table of a crosstab is well-formed and ends in the sums") {
  const std::string html = crosstab_html(kAgreement);
  CHECK(markup_fault(html) == "");
  CHECK(
      html.find(
          R"(<th scope="row">all</th><td class="number">16</td><td class="number">12</td><td class="number">28</td>)") !=
      std::string::npos);
  CHECK(html.find("rgba(43,123,186,0.50)\">10<") != std::string::npos);  // 0.6 * 10/12
  CHECK(crosstab_html({.column = "folder"}).empty());
}

}  // namespace coterie
