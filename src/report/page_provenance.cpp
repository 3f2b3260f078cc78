// The last sections: how each result was made, and how to make it again.

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "coterie/report/html.hpp"
#include "page_parts.hpp"

namespace coterie::inline report {
namespace {

// Line by line: html_text would show a newline as a picture.
std::string lines_text(const std::string& text) {
  std::string lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines += html_text(std::string_view(text).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return lines;
}

}  // namespace

std::string provenance_section(const PageMaterial& page) {
  const Report& report = page.report;
  std::string body = facts_table("Software and machine", report.environment);
  for (const auto& artifact : report.artifacts)
    body +=
        fmt::format("<details><summary><b>{}</b> <code>{}</code></summary>\n{}</details>\n", html_text(artifact.stage),
                    html_text(artifact.name), facts_table("Recipe of " + artifact.name, artifact.recipe));
  return section("provenance", "How it was made", body);
}

std::string repeat_section(const PageMaterial& page) {
  const Report& report = page.report;
  std::string body;
  if (!report.commands.empty()) {
    body +=
        "<p>These commands, in this order, lead to this report; each may run on any number of ranks (<code>mpirun -n N"
        "</code> before it) and gives the same.</p>\n<pre><code>";
    for (const auto& command : report.commands) body += html_text(command) + "\n";
    body += "</code></pre>\n";
  }
  if (!report.config.empty()) {
    body +=
        "<details><summary>The complete configuration; saved as a file, <code>coterie run FILE.ini</code> repeats the "
        "study</summary>\n<pre><code>";
    body += lines_text(report.config) + "</code></pre></details>\n";
  }
  if (!report.methods.empty())
    body +=
        "<h3>A paragraph for a paper</h3>\n<p>What is in brackets is yours to say; the references are "
        "BibTeX.</p>\n<pre><code>" +
        lines_text(report.methods) + "</code></pre>\n<details><summary>BibTeX</summary>\n<pre><code>" +
        lines_text(report.bibtex) + "</code></pre></details>\n";
  if (!report.citation.empty()) body += "<p>How to cite: " + html_text(report.citation) + "</p>\n";
  return section("repeat", "Repeat and cite", body);
}

}  // namespace coterie::inline report
