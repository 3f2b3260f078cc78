// The last sections: how each result was made, and how to make it again.

#include <fmt/format.h>

#include "coterie/report/html.hpp"
#include "page_parts.hpp"

namespace coterie::inline report {

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
    std::size_t begin = 0;  // line by line: html_text would show a newline as a picture
    while (begin < report.config.size()) {
      const std::size_t end = std::min(report.config.find('\n', begin), report.config.size());
      body += html_text(std::string_view(report.config).substr(begin, end - begin)) + "\n";
      begin = end + 1;
    }
    body += "</code></pre></details>\n";
  }
  if (!report.citation.empty()) body += "<p>How to cite: " + html_text(report.citation) + "</p>\n";
  return section("repeat", "Repeat and cite", body);
}

}  // namespace coterie::inline report
