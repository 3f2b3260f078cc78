#include "crosstab.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "coterie/report/html.hpp"
#include "page_parts.hpp"
#include "text.hpp"

namespace coterie::inline report {
namespace {

constexpr std::size_t kMostClasses = 30;

std::string shaded_count(std::int64_t count, std::int64_t total) {
  return shaded(count == 0 ? 0 : static_cast<double>(count) / static_cast<double>(total), with_commas(count));
}

}  // namespace

std::string shaded(double share, const std::string& text) {
  if (text == "0") return "<span class=\"zero\">0</span>";
  // Up to 0.6, so that black and white letters alike stay readable on the fullest shade.
  return fmt::format("<span class=\"heat\" style=\"background:rgba(43,123,186,{:.2f})\">{}</span>", 0.6 * share, text);
}

std::string class_text(const std::string& name) {
  return name.empty() ? "(none)" : fmt::format("<bdi>{}</bdi>", html_text(name));
}

std::vector<CrosstabLine> crosstab_lines(const ReportAgreement& agreement, std::size_t most) {
  const std::size_t classes = agreement.classes.size(), clusters = classes == 0 ? 0 : agreement.counts.size() / classes;
  std::vector<CrosstabLine> lines(classes);
  for (std::size_t j = 0; j < classes; ++j) {
    lines[j].name = class_text(agreement.classes[j]);
    for (std::size_t c = 0; c < clusters; ++c) lines[j].counts.push_back(agreement.counts[c * classes + j]);
    lines[j].total = std::accumulate(lines[j].counts.begin(), lines[j].counts.end(), std::int64_t{0});
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.total > b.total; });
  if (classes <= most) return lines;
  CrosstabLine rest{fmt::format("<i>{} smaller ones</i>", classes - most), std::vector<std::int64_t>(clusters), 0};
  for (std::size_t j = most; j < classes; ++j) {
    for (std::size_t c = 0; c < clusters; ++c) rest.counts[c] += lines[j].counts[c];
    rest.total += lines[j].total;
  }
  lines.resize(most);
  lines.push_back(std::move(rest));
  return lines;
}

std::string crosstab_html(const ReportAgreement& agreement) {
  const std::vector<CrosstabLine> lines = crosstab_lines(agreement, kMostClasses);
  if (lines.empty()) return "";
  HtmlTable table{
      .caption = fmt::format("Images of each {} in each cluster; the darker, the larger its share of the line",
                             html_text(agreement.column)),
      .columns = {{html_text(agreement.column)}},
      .totals = {"all"},
      .style = "crosstab"};
  std::vector<std::int64_t> sums(lines.front().counts.size());
  std::int64_t images = 0;
  for (const auto& line : lines) {
    std::vector<std::string> row = {line.name};
    for (std::size_t c = 0; c < sums.size(); ++c) {
      row.push_back(shaded_count(line.counts[c], line.total));
      sums[c] += line.counts[c];
    }
    images += line.total;
    row.push_back(with_commas(line.total));
    table.rows.push_back(std::move(row));
  }
  for (std::size_t c = 0; c < sums.size(); ++c) {
    table.columns.push_back({fmt::format("{}", c), true});
    table.totals.push_back(with_commas(sums[c]));
  }
  table.columns.push_back({"all", true});
  table.totals.push_back(with_commas(images));
  return table.html();
}

}  // namespace coterie::inline report
