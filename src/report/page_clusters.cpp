// The clusters: their pictures, sizes and silhouettes, for the chosen solution in full and for the others folded.

#include <fmt/format.h>

#include <algorithm>

#include "coterie/report/html.hpp"
#include "crosstab.hpp"
#include "page_parts.hpp"
#include "text.hpp"

namespace coterie::inline report {
namespace {

/// "folder animals: 107 of 110 here (97.3 %), 146 of all 796 (18.3 %); 5.3 times as often, p < 0.001".
std::string excess_line(const ReportExcess& excess) {
  const std::string p = excess.p_value < 0.001 ? "p &lt; 0.001" : fmt::format("p = {:.3f}", excess.p_value);
  return fmt::format("<li>{} <b>{}</b>: {} of {} here ({}), {} of {} in all ({}); {:.1f} times as often, {}</li>\n",
                     html_text(excess.column), class_text(excess.value), with_commas(excess.count),
                     with_commas(excess.cluster_size), share_text(excess.count, excess.cluster_size),
                     with_commas(excess.value_size), with_commas(excess.images),
                     share_text(excess.value_size, excess.images), excess.lift, p);
}

std::string excess_list(const ReportCluster& cluster) {
  constexpr std::size_t kMost = 5;
  if (cluster.excess.empty()) return "";
  std::string out = "<p class=\"strip-title\">More frequent here than in the collection</p>\n<ul class=\"excess\">\n";
  for (std::size_t i = 0; i < std::min(kMost, cluster.excess.size()); ++i) out += excess_line(cluster.excess[i]);
  if (cluster.excess.size() > kMost)
    out += fmt::format("<li>and {} more, in the table</li>\n", cluster.excess.size() - kMost);
  return out + "</ul>\n";
}

/// To the clusters before and after, and to the table of all.
std::string neighbours(const std::string& id, std::size_t label, std::size_t clusters) {
  const auto to = [&](std::size_t other, const char* form) {
    return fmt::format("<a href=\"#{}-cluster{}\">{}</a>", id, other, fmt::format(fmt::runtime(form), other));
  };
  std::string out = "<p class=\"walk\">";
  if (label > 0) out += fmt::format("{} ", to(label - 1, "← Cluster {}"));
  out += fmt::format("<a href=\"#{}-clusters\">all clusters</a>", id);
  if (label + 1 < clusters) out += fmt::format(" {}", to(label + 1, "Cluster {} →"));
  return out + "</p>\n";
}

/// ": cats", in a direction of its own.
std::string name_text(const ReportCluster& cluster) {
  return cluster.name.empty() ? "" : fmt::format(": <bdi>{}</bdi>", html_text(cluster.name));
}

std::string cluster_article(const PageMaterial& page, std::size_t solution, std::size_t label, bool in_full) {
  const ReportCluster& cluster = page.report.solutions[solution].clusters[label];
  const std::size_t most = pictures_per_strip(page.report, solution, page.options);
  std::string out =
      fmt::format("<article class=\"cluster\" id=\"{}-cluster{}\">\n<h3>Cluster {}{} <small>{} image{}, {}",
                  solution_id(page.report, solution), label, label, name_text(cluster), with_commas(cluster.size),
                  cluster.size == 1 ? "" : "s", share_text(cluster.size, images_of(page.report.solutions[solution])));
  if (cluster.silhouette == cluster.silhouette) out += ", silhouette " + index_text(cluster.silhouette);
  out += "</small></h3>\n" +
         (cluster.remark.empty() ? "" : fmt::format("<p class=\"note\">{}</p>\n", html_text(cluster.remark))) +
         neighbours(solution_id(page.report, solution), label, page.report.solutions[solution].clusters.size());
  if (in_full) out += excess_list(cluster);
  out += strip(page, "Nearest to the centroid", cluster.nearest, most);
  if (in_full) out += strip(page, "A random sample", cluster.random, most);
  return out + "</article>\n";
}

/// "animals (62.1 %)": the class that most images of the cluster carry.
std::string most_frequent_class(const ReportAgreement& agreement, std::size_t label, std::int64_t size) {
  const std::size_t classes = agreement.classes.size();
  if (classes == 0) return "–";
  const auto begin = agreement.counts.begin() + static_cast<std::ptrdiff_t>(label * classes);
  const auto top = std::max_element(begin, begin + static_cast<std::ptrdiff_t>(classes));
  if (*top == 0) return "–";
  return fmt::format("{} ({})", class_text(agreement.classes[static_cast<std::size_t>(top - begin)]),
                     share_text(*top, size));
}

std::string overview_table(const PageMaterial& page, std::size_t index) {
  const ReportSolution& solution = page.report.solutions[index];
  const std::int64_t images = images_of(solution);
  HtmlTable table{
      .caption = fmt::format("The {} clusters; their numbers are the labels in the tables", solution.clusters.size()),
      .columns = {{"cluster", true}, {"images", true}, {"share", true}, {"silhouette", true}},
      .totals = {"all", with_commas(images), share_text(images, images), ""}};
  for (const auto& agreement : solution.agreements) {
    table.columns.push_back({fmt::format("most frequent <bdi>{}</bdi>", html_text(agreement.column))});
    table.totals.push_back("");
  }
  for (std::size_t label = 0; label < solution.clusters.size(); ++label) {
    const ReportCluster& cluster = solution.clusters[label];
    const std::string link = fmt::format("<a href=\"#{0}-cluster{1}\">{1}{2}</a>", solution_id(page.report, index),
                                         label, name_text(cluster));
    std::vector<std::string> row = {link, with_commas(cluster.size), share_text(cluster.size, images),
                                    index_text(cluster.silhouette)};
    for (const auto& agreement : solution.agreements)
      row.push_back(most_frequent_class(agreement, label, cluster.size));
    table.rows.push_back(std::move(row));
  }
  return table.html();
}

std::string links(const ReportSolution& solution) {
  return solution.links.empty() ? "" : "<p>Beside this page: " + links_to(solution.links) + ".</p>\n";
}

std::string solution_body(const PageMaterial& page, std::size_t index, bool in_full) {
  const ReportSolution& solution = page.report.solutions[index];
  const std::string id = solution_id(page.report, index);
  std::string out = fmt::format("<div id=\"{}-clusters\">{}</div>\n", id, overview_table(page, index)) +
                    page.charts({id + "-sizes", id + "-silhouettes"}) + links(solution);
  for (std::size_t label = 0; label < solution.clusters.size(); ++label)
    out += cluster_article(page, index, label, in_full);
  return out;
}

std::vector<std::string> agreement_row(const ReportAgreement& agreement, std::size_t clusters) {
  return {fmt::format("<bdi>{}</bdi>", html_text(agreement.column)), fmt::format("{}", clusters),
          index_text(agreement.ari), index_text(agreement.nmi), index_text(agreement.purity)};
}

std::string note_text(const std::string& note) { return note.empty() ? "" : fmt::format(" {}", html_text(note)); }

}  // namespace

std::string clusters_section(const PageMaterial& page) {
  if (page.report.solutions.empty()) return "";
  const ReportSolution& solution = page.report.solutions[page.report.chosen];
  return section(
      "clusters", fmt::format("The {} clusters", solution.clusters.size()),
      fmt::format("<p>From <code>{}</code>.{}</p>\n", html_text(solution.name), note_text(page.report.pictures_note)) +
          (page.report.excess_note.empty()
               ? ""
               : fmt::format("<p class=\"note\">{}</p>\n", html_text(page.report.excess_note))) +
          solution_body(page, page.report.chosen, true));
}

std::string other_solutions_section(const PageMaterial& page) {
  const Report& report = page.report;
  std::string body;
  for (std::size_t s = 0; s < report.solutions.size(); ++s) {
    if (s == report.chosen) continue;
    body +=
        fmt::format("<details id=\"{}\"><summary><b>{} clusters</b> <code>{}</code></summary>\n",
                    solution_id(report, s), report.solutions[s].clusters.size(), html_text(report.solutions[s].name));
    body += solution_body(page, s, false);
    for (const auto& agreement : report.solutions[s].agreements) body += crosstab_html(agreement);
    body += "</details>\n";
  }
  return section("others", "Other numbers of clusters", body);
}

std::string agreement_section(const PageMaterial& page) {
  const Report& report = page.report;
  HtmlTable table{.caption = "How far the clusters agree with what is known about the images",
                  .columns = {{"column"}, {"clusters", true}, {"ARI", true}, {"NMI", true}, {"purity", true}}};
  std::size_t most = 0;
  for (const auto& solution : report.solutions) most = std::max(most, solution.agreements.size());
  for (std::size_t a = 0; a < most; ++a)
    for (const auto& solution : report.solutions)
      if (a < solution.agreements.size())
        table.rows.push_back(agreement_row(solution.agreements[a], solution.clusters.size()));
  if (table.rows.empty()) return "";
  std::string body =
      table.html() +
      "<p class=\"note\"><b>ARI</b>, the adjusted Rand index, and <b>NMI</b>, the normalised mutual information, "
      "are 1 when both divide the images alike; ARI is 0 when they agree as by chance. <b>Purity</b> is the share of "
      "images that carry their cluster's most frequent value; it grows with the number of clusters.</p>\n";
  for (const auto& agreement : report.solutions[report.chosen].agreements) body += crosstab_html(agreement);
  return section("agreement", "Agreement with labels", body);
}

}  // namespace coterie::inline report
