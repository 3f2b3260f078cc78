#include "page_frame.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "coterie/base/new_file.hpp"
#include "coterie/base/version.hpp"
#include "coterie/report/html.hpp"
#include "page_parts.hpp"
#include "report_css.hpp"

namespace coterie::inline report {
namespace {

/// "as SVG, PDF, PNG", as far as they were written.
std::string chart_links(const Chart& chart, const std::string& folder) {
  std::vector<ReportFact> links;
  for (const auto& [name, suffix] : {std::pair{"SVG", ".svg"}, std::pair{"PDF", ".pdf"}, std::pair{"PNG", ".png"}})
    if (const std::string path = fmt::format("figures/{}{}", chart.name, suffix);
        std::filesystem::exists(std::filesystem::path(folder) / path))
      links.push_back({name, path});
  return links.empty() ? "" : fmt::format(" <span class=\"files\">For print: {}</span>", links_to(links));
}

/// Wider charts than a phone's screen scroll by themselves.
std::string figure(const Chart& chart, const std::string& links) {
  constexpr int kPhone = 450;
  const bool wide = chart.width > kPhone;
  const std::string svg = chart_svg(chart);
  return fmt::format("<figure{}>\n{}<figcaption>{}{}</figcaption></figure>\n",
                     wide ? fmt::format(" class=\"wide\" style=\"--width:{}px\"", chart.width) : "",
                     wide ? scroller(html_text(chart.title), svg) : svg, html_text(chart.alt), links);
}

}  // namespace

std::map<std::string, std::string> draw_figures(const std::vector<Chart>& charts, const std::string& folder,
                                                const PageOptions& options, ThreadPool& pool) {
  if (options.chart_files && !charts.empty()) make_folder(folder + "/figures");
  std::vector<std::string> figures(charts.size());
  pool.for_each(static_cast<std::int64_t>(charts.size()), [&](std::int64_t i, int) {
    const auto at = static_cast<std::size_t>(i);
    if (options.chart_files) write_chart(charts[at], folder + "/figures");
    figures[at] = figure(charts[at], options.chart_files ? chart_links(charts[at], folder) : "");
  });
  std::map<std::string, std::string> by_name;
  for (std::size_t i = 0; i < charts.size(); ++i) by_name[charts[i].name] = std::move(figures[i]);
  return by_name;
}

std::string page_head(const std::string& title) {
  return fmt::format(
      "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: 'self' file:; "
      "style-src "
      "'unsafe-inline'; base-uri 'none'; form-action 'none'\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\"/>\n"
      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"generator\" content=\"coterie {}\"/>\n"
      "<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
      html_text(version()), html_text(title), kReportCss);
}

std::string page_foot() {
  return fmt::format("</main>\n<footer>Written by coterie {}.</footer>\n</body>\n</html>\n", html_text(version()));
}

}  // namespace coterie::inline report
