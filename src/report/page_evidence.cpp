// The sections before the clusters themselves: what was run, the images, and the evidence for the choices.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "coterie/report/html.hpp"
#include "page_parts.hpp"
#include "text.hpp"

namespace coterie::inline report {
namespace {

std::string warnings(const Report& report) {
  if (report.warnings.empty()) return "";
  std::string out =
      "<aside class=\"warning\" aria-label=\"Warnings\">\n<h2>Before you trust these results</h2>\n<ul>\n";
  for (const auto& warning : report.warnings) out += "<li>" + html_text(warning) + "</li>\n";
  return out + "</ul>\n</aside>\n";
}

/// For a column of numbers between ten and a million.
std::string one_decimal(double value) {
  return std::fabs(value) < 1000 ? fmt::format("{:.1f}", value) : number_text(value);
}

struct EvidenceColumn {
  std::string title;
  double ReportK::*field;
  std::string (*format)(double);

  std::string text(const ReportK& row) const { return format(row.*field); }
};

std::string iterations_text(const ReportK& row) { return row.n_iter > 0 ? with_commas(row.n_iter) : "–"; }

/// Those that were measured for some k.
std::vector<EvidenceColumn> evidence_columns(const Report& report) {
  std::vector<EvidenceColumn> columns = {{"inertia", &ReportK::inertia, number_text},
                                         {"silhouette", &ReportK::silhouette, index_text},
                                         {"Calinski-Harabasz", &ReportK::calinski_harabasz, one_decimal},
                                         {"Davies-Bouldin", &ReportK::davies_bouldin, index_text},
                                         {"gap", &ReportK::gap, index_text},
                                         {"BIC", &ReportK::bic, number_text},
                                         {"seed stability", &ReportK::stability, index_text},
                                         {"bootstrap stability", &ReportK::bootstrap, index_text}};
  std::erase_if(columns, [&](const EvidenceColumn& column) {
    return std::none_of(report.ks.begin(), report.ks.end(),
                        [&](const ReportK& row) { return std::isfinite(row.*column.field); });
  });
  return columns;
}

std::string paragraph(const std::string& text) { return text.empty() ? "" : "<p>" + html_text(text) + "</p>\n"; }

}  // namespace

std::string summary_section(const PageMaterial& page) {
  const Report& report = page.report;
  std::string out =
      fmt::format("<header>\n<p class=\"kind\">Image clustering report</p>\n<h1>{}</h1>\n", html_text(report.title));
  if (!report.when.empty()) out += fmt::format("<p class=\"when\">{}</p>\n", html_text(report.when));
  if (!report.summary.empty()) out += fmt::format("<p class=\"lead\">{}</p>\n", html_text(report.summary));
  out += "</header>\n" + warnings(report);
  if (!report.overview.empty()) {
    out += "<dl class=\"overview\">\n";
    for (const auto& fact : report.overview)
      out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", html_text(fact.name), html_text(fact.value));
    out += "</dl>\n";
  }
  return out + "\n";
}

namespace {

std::string remarks_table(const Report& report) {
  if (report.remarks.empty()) return "";
  HtmlTable table{.caption = "What images have beside the pixels that were taken",
                  .columns = {{"remark"}, {"images", true}, {"for example"}}};
  for (const auto& remark : report.remarks)
    table.rows.push_back(
        {fmt::format("{}<span class=\"meaning\">{}</span>", html_text(remark.remark), html_text(remark.meaning)),
         with_commas(remark.count), html_text(remark.example)});
  return table.html();
}

}  // namespace

std::string images_section(const PageMaterial& page) {
  const Report& report = page.report;
  if (report.statuses.empty()) return "";
  HtmlTable table{
      .caption = "What became of each listed image",
      .columns = {{"outcome"}, {"images", true}, {"share", true}},
      .totals = {"listed", with_commas(report.images_listed), share_text(report.images_listed, report.images_listed)}};
  for (const auto& status : report.statuses) {
    std::string words =
        fmt::format("{}<span class=\"meaning\">{}</span>", html_text(status.status), html_text(status.meaning));
    for (const auto& reason : status.reasons)
      words += fmt::format("<span class=\"meaning\">{}</span>", html_text(reason));
    table.rows.push_back({std::move(words), with_commas(status.count), share_text(status.count, report.images_listed)});
  }
  std::string body = table.html() + remarks_table(report);
  if (!report.skipped_link.empty())
    body += fmt::format("<p>Each image that was left out, with its reason: <a href=\"{}\">{}</a>.</p>\n",
                        html_link(report.skipped_link), html_text(report.skipped_link));
  return section("images", "The images", body);
}

std::string components_section(const PageMaterial& page) {
  const ReportVariance& variance = page.report.variance;
  if (variance.cumulative.empty()) return "";
  std::string body = "<p>A principal component analysis keeps the directions in which the images' features differ most";
  if (variance.chosen > 0) body += fmt::format("; {} of them were kept", with_commas(variance.chosen));
  if (!variance.rule.empty()) body += fmt::format(" (<code>{}</code>)", html_text(variance.rule));
  return section("components", "How many components", body + ".</p>\n" + page.charts({"variance"}));
}

std::string choice_of_k_section(const PageMaterial& page) {
  const Report& report = page.report;
  if (report.ks.empty()) return "";
  const std::vector<EvidenceColumn> columns = evidence_columns(report);
  HtmlTable table{.caption = "Evidence for each number of clusters", .columns = {{"k", true}}};
  for (const auto& column : columns) table.columns.push_back({column.title, true});
  const bool iterates = std::any_of(report.ks.begin(), report.ks.end(), [](const auto& row) { return row.n_iter > 0; });
  if (iterates) table.columns.push_back({"iterations", true});
  for (const auto& row : report.ks) {
    table.rows.push_back({with_commas(row.k)});
    for (const auto& column : columns) table.rows.back().push_back(column.text(row));
    if (iterates) table.rows.back().push_back(iterations_text(row));
  }
  std::string notes;
  for (const auto& note : report.choice_notes) notes += "<li>" + html_text(note) + "</li>\n";
  if (!notes.empty()) notes = "<ul>\n" + notes + "</ul>\n";
  const std::string reading =
      "<p class=\"note\">How to read it. <b>Inertia</b>, the sum of squared distances to the centroids, always falls "
      "with "
      "more clusters; look for the k after which it falls more slowly. <b>Silhouette</b>, from −1 to 1, says how much "
      "nearer an image lies to its own cluster than to the next; near 0 the clusters touch. <b>Calinski-Harabasz</b>: "
      "higher is "
      "better; <b>Davies-Bouldin</b>: lower is better. <b>Seed stability</b> is the mean adjusted Rand index between "
      "runs "
      "that differ only in their random start: 1 means that they all found the same clusters, 0 that they agree no "
      "more "
      "than by chance. <b>Bootstrap stability</b> is the same between clusterings of resampled images. <b>Gap</b>: how "
      "much "
      "smaller "
      "the logarithm of the inertia is than in data without clusters. <b>BIC</b>: lower is better.</p>\n";
  return section("choice", "How many clusters",
                 paragraph(report.chosen_because) + notes +
                     page.charts({"inertia", "silhouette", "gap", "bootstrap", "bic", "tree"}) + table.html() +
                     reading);
}

}  // namespace coterie::inline report
