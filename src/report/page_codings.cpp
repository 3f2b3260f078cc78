// What people thought of the clusters, or of topics.

#include <fmt/format.h>

#include "coterie/report/html.hpp"
#include "page_parts.hpp"

namespace coterie::inline report {
namespace {

std::string coding_part(const PageMaterial& page, std::size_t index) {
  const ReportCoding& coding = page.report.codings[index];
  std::string out = fmt::format("<h3>{}</h3>\n<p>{}</p>\n", html_text(coding.name), html_text(coding.question));
  for (const auto& warning : coding.warnings) out += fmt::format("<p class=\"note\">{}</p>\n", html_text(warning));
  const char* heading = coding.group == "topic" ? "Topic by topic" : "Cluster by cluster";
  HtmlTable table{.caption = fmt::format("{}, by the answers of <b>{}</b>", heading, html_text(coding.name))};
  for (const auto& column : coding.columns) table.columns.push_back({html_text(column), !table.columns.empty()});
  for (const auto& row : coding.clusters) {
    table.rows.emplace_back();
    for (const auto& cell : row) table.rows.back().push_back(html_text(cell));
  }
  out += table.html() + facts_table(fmt::format("All {}s", coding.group), coding.totals) +
         facts_table("Agreement of coders", coding.agreement);
  out += page.charts({fmt::format("coding-{}-consistency", index + 1), fmt::format("coding-{}-kappa", index + 1)});
  if (!coding.link.empty())
    out += fmt::format("<p>All numbers, tests between {}s, and the items that coders differ on: beside {}.</p>\n",
                       coding.group, link_to(coding.link, coding.link));
  return out;
}

}  // namespace

std::string codings_section(const PageMaterial& page) {
  std::string body;
  for (std::size_t i = 0; i < page.report.codings.size(); ++i) body += coding_part(page, i);
  if (!body.empty())
    body +=
        "<p class=\"note\">Intervals hold the true value in 95 of 100 samples: of a cluster or topic Wilson's, of the "
        "whole collection that of a sample stratified by them. <b>Kappa</b> and <b>alpha</b> are 1 when coders always "
        "agree "
        "and 0 when they agree as by chance; where one answer prevails they fall although coders agree, and "
        "<b>AC1</b> does not.</p>\n";
  const bool of_clusters = page.report.topics.name.empty() || !page.report.solutions.empty();
  return section("codings", of_clusters ? "What people see in the clusters" : "What people see in the topics", body);
}

}  // namespace coterie::inline report
