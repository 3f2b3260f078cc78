// What stands beside the clusters: topics, new images, comparisons, tables.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "coterie/report/html.hpp"
#include "page_parts.hpp"
#include "text.hpp"

namespace coterie::inline report {
namespace {

std::int64_t sum(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

std::string table_sentence(const std::string& link) {
  return link.empty() ? "" : fmt::format("<p>Each with its cluster: {}.</p>\n", link_to(link, link));
}

std::string assignment_part(const PageMaterial& page, const ReportAssignment& assignment) {
  HtmlTable table{.caption = fmt::format("<b>{}</b>: {} new images, given to {} clusters", html_text(assignment.name),
                                         with_commas(sum(assignment.counts)), assignment.k),
                  .columns = {{"cluster", true}, {"new images", true}, {"share", true}, {"outliers", true}},
                  .totals = {"all", with_commas(sum(assignment.counts)), "", with_commas(sum(assignment.outliers))}};
  std::string strips;
  for (std::size_t c = 0; c < assignment.counts.size(); ++c) {
    table.rows.push_back({fmt::format("{}", c), with_commas(assignment.counts[c]),
                          share_text(assignment.counts[c], sum(assignment.counts)),
                          with_commas(assignment.outliers[c])});
    if (c < assignment.pictures.size())
      strips += strip(page, fmt::format("Given to cluster {}, nearest to its centroid first", c),
                      assignment.pictures[c], assignment.pictures[c].size());
  }
  return table.html() + table_sentence(assignment.link) + strips;
}

std::string comparison_part(const PageMaterial& page, std::size_t index) {
  constexpr std::size_t kMost = 30;
  const ReportComparison& comparison = page.report.comparisons[index];
  HtmlTable table{.caption = fmt::format("How alike <b>{}</b> and the other labellings are, by {} images",
                                         html_text(comparison.own), with_commas(comparison.images)),
                  .columns = {{"labelling"}, {"ARI", true}, {"AMI", true}, {"images in matched labels", true}}};
  for (std::size_t i = 0; i < std::min(kMost, comparison.pairs.size()); ++i) {
    const auto& pair = comparison.pairs[i];
    table.rows.push_back({html_text(pair.other), index_text(pair.ari), index_text(pair.ami),
                          fmt::format("{:.1f} %", 100 * pair.matched)});
  }
  std::string out = table.html();
  if (comparison.pairs.size() > kMost)
    out += fmt::format("<p>The {} most alike of {}.</p>\n", kMost, comparison.pairs.size());
  if (!comparison.link.empty())
    out += fmt::format("<p>Each two of them: {}.</p>\n", link_to(comparison.link, comparison.link));
  return out + page.charts({fmt::format("comparison-{}", index + 1)});
}

}  // namespace

std::string assigned_section(const PageMaterial& page) {
  std::string body;
  for (const auto& assignment : page.report.assignments) body += assignment_part(page, assignment);
  return section("assigned", "New images", body);
}

std::string comparisons_section(const PageMaterial& page) {
  std::string body;
  for (std::size_t i = 0; i < page.report.comparisons.size(); ++i) body += comparison_part(page, i);
  if (!body.empty())
    body +=
        "<p class=\"note\"><b>ARI</b>, the adjusted Rand index, and <b>AMI</b>, the adjusted mutual information, are 1 "
        "when both divide the images alike, and 0 when they agree as by chance.</p>\n";
  return section("comparisons", "Compared with other labellings", body);
}

std::string topics_section(const PageMaterial& page) {
  const ReportTopics& topics = page.report.topics;
  if (topics.name.empty()) return "";
  HtmlTable table{.caption = fmt::format("Topics of <b>{}</b>", html_text(topics.name)),
                  .columns = {{"topics", true},
                              {"bound", true},
                              {"held-out completion", true},
                              {"stability", true},
                              {"NPMI", true},
                              {"exclusivity", true}}};
  for (const auto& number : topics.numbers)
    table.rows.push_back({number.link.empty()
                              ? fmt::format("{}", number.topics)
                              : fmt::format("<a href=\"{}\">{}</a>", html_link(number.link), number.topics),
                          index_text(number.word_bound), index_text(number.held_out_completion),
                          index_text(number.stability), index_text(number.npmi), index_text(number.exclusivity)});
  return section(
      "topics", "Topics",
      table.html() + (topics.shown_because.empty() ? "" : "<p>" + html_text(topics.shown_because) + "</p>\n") +
          "<p class=\"note\">Numbers of topics lead to their pages. <b>Bound</b> and <b>held-out completion</b> are "
          "log likelihoods of a word, in nats: the higher, the better; only the latter, of words that were held out, "
          "compares numbers of topics fairly. <b>Stability</b> is 1 where other random starts find the same topics. "
          "<b>NPMI</b>, coherence, and <b>exclusivity</b> are means over the topics.</p>\n");
}

std::string training_section(const PageMaterial& page) {
  const ReportTraining& training = page.report.training;
  if (training.name.empty()) return "";
  std::string body = fmt::format(
      "<p>The network that gave the features was trained on images of this study, without labels: "
      "<b>{}</b>, {} epochs.</p>\n",
      html_text(training.name), training.epochs.size());
  if (!training.agreement.empty())
    body += fmt::format(
        "<p class=\"note\">In each epoch the images were grouped into {} clusters by the features of the "
        "network as it was, and it learned to tell these apart. <b>Agreement</b>, the normalised mutual "
        "information with the epoch before, rises while the training settles. <b>Entropy</b> of the "
        "clusters' sizes is {} where all are equally large; far below, clusters have collapsed.</p>\n",
        training.clusters, index_text(std::log(static_cast<double>(training.clusters))));
  return section("training", "Training of the network",
                 body + page.charts({"training-loss", "training-agreement", "training-entropy", "training-explained"}));
}

std::string tables_section(const PageMaterial& page) {
  std::string body;
  for (const auto& table : page.report.tables)
    body += fmt::format("<li>{}: {}</li>\n", link_to(table.value, table.value), html_text(table.name));
  if (body.empty()) return "";
  return section("tables", "Tables beside this page",
                 "<p>The numbers of this page as CSV, for spreadsheets, R and Python. Links to them, to charts and to "
                 "images work as long as this page lies in its study's folder.</p>\n<ul>\n" +
                     body + "</ul>\n");
}

}  // namespace coterie::inline report
