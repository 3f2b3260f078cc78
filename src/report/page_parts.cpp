#include "page_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "coterie/report/html.hpp"

namespace coterie::inline report {
namespace {

std::string table_row(const std::vector<std::string>& cells, const std::vector<HtmlTable::Column>& columns) {
  std::string out = "<tr>";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const char* number = columns[i].number ? " class=\"number\"" : "";
    out += i == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", number, cells[i])
                  : fmt::format("<td{}>{}</td>", number, cells[i]);
  }
  return out + "</tr>\n";
}

}  // namespace

std::string PageMaterial::charts(const std::vector<std::string>& names) const {
  std::string out;
  for (const auto& name : names)
    if (const auto found = figures.find(name); found != figures.end()) out += found->second;
  return out.empty() ? out : "<div class=\"charts\">\n" + out + "</div>\n";
}

std::string HtmlTable::html() const {
  std::string out = fmt::format("<table class=\"{}\">\n<caption>{}</caption>\n<thead><tr>", style, caption);
  for (const auto& column : columns)
    out += fmt::format("<th scope=\"col\"{}>{}</th>", column.number ? " class=\"number\"" : "", column.title);
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) out += table_row(row, columns);
  out += "</tbody>\n";
  if (!totals.empty()) out += "<tfoot>" + table_row(totals, columns) + "</tfoot>\n";
  return scroller(caption, out + "</table>");
}

std::string scroller(const std::string& name, const std::string& body) {
  std::string plain = name;
  for (std::size_t begin = plain.find('<'); begin != std::string::npos; begin = plain.find('<', begin))
    plain.erase(begin, plain.find('>', begin) + 1 - begin);
  return fmt::format("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">{}</div>\n", plain, body);
}

std::string link_to(const std::string& path, const std::string& name) {
  return fmt::format("<a href=\"{}\">{}</a>", html_link(path), html_text(name));
}

std::string links_to(const std::vector<ReportFact>& links) {
  std::string out;
  for (const auto& link : links) out += (out.empty() ? "" : ", ") + link_to(link.value, link.name);
  return out;
}

std::string strip(const PageMaterial& page, const std::string& heading, const std::vector<std::string>& paths,
                  std::size_t most) {
  const std::size_t shown = std::min(most, paths.size());
  if (shown == 0) return "";
  std::string out = fmt::format("<p class=\"strip-title\">{}</p>\n<ul class=\"strip\">", heading);
  for (std::size_t i = 0; i < shown; ++i) out += "<li>" + page.album.img(paths[i]) + "</li>";
  return out + "</ul>\n";
}

std::int64_t images_of(const ReportSolution& solution) {
  std::int64_t images = 0;
  for (const auto& cluster : solution.clusters) images += cluster.size;
  return images;
}

std::string facts_table(const std::string& caption, const std::vector<ReportFact>& facts) {
  if (facts.empty()) return "";
  std::string out = fmt::format("<table class=\"facts\">\n<caption>{}</caption>\n<tbody>\n", html_text(caption));
  for (const auto& fact : facts)
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", html_text(fact.name), html_text(fact.value));
  return out + "</tbody></table>\n";
}

std::string section(const std::string& id, const std::string& heading, const std::string& body) {
  if (body.empty()) return "";
  return fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n{}</section>\n\n", id, heading, body);
}

std::string solution_id(const Report& report, std::size_t solution) {
  const std::size_t k = report.solutions[solution].clusters.size();
  int occurrence = 1;
  for (std::size_t s = 0; s < solution; ++s) occurrence += report.solutions[s].clusters.size() == k;
  return occurrence == 1 ? fmt::format("k{}", k) : fmt::format("k{}-{}", k, occurrence);
}

}  // namespace coterie::inline report
