#include "coding/coding_tables.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "coding/coding_forms.hpp"
#include "coding/latex_table.hpp"

namespace coterie::jobs {
namespace {

constexpr double kFewExpected = 5;  // below it the chi-squared distribution is a poor approximation

std::string number(double value) { return std::isnan(value) ? "" : fmt::format("{:.6g}", value); }

using Rows = std::vector<std::vector<std::string>>;

void write_csv_table(const std::string& path, const std::vector<std::string>& header, const Rows& rows) {
  TableFile table(path);
  table.header(header, ',');
  for (const auto& row : rows) table.line(row, ',');
  table.finish();
}

std::string name_of(const Coding& coding, std::int32_t cluster) {
  return coding.names.empty() ? "" : coding.names[static_cast<std::size_t>(cluster)];
}

void write_shares(const CodedStudy& study, const std::string& folder) {
  Rows rows, latex;
  for (const auto& share : study.results.shares) {
    const double p = share.hits / static_cast<double>(share.items);
    rows.push_back({kind_name(share.kind), fmt::to_string(share.cluster), name_of(study.coding, share.cluster),
                    fmt::to_string(study.coding.sizes[static_cast<std::size_t>(share.cluster)]),
                    fmt::to_string(share.items), number(share.hits), number(p), number(share.interval.low),
                    number(share.interval.high), number(share.chance), share.chance > 0 ? number(share.p_value) : ""});
    latex.push_back({kind_name(share.kind), cluster_text(study.coding, share.cluster), fmt::to_string(share.items),
                     figure_text(p),
                     fmt::format("{}--{}", figure_text(share.interval.low), figure_text(share.interval.high))});
  }
  const auto& results = study.results;
  rows.push_back({"mean of clusters", "", "", "", "", "", number(results.mean), "", "", "", ""});
  latex.push_back({"mean of clusters", "", "", figure_text(results.mean), ""});
  if (const auto& all = results.weighted) {
    rows.push_back({"weighted to the collection", "", "", "", "", "", number(all->share), number(all->interval.low),
                    number(all->interval.high), "", ""});
    latex.push_back({"weighted to the collection", "", "", figure_text(all->share),
                     fmt::format("{}--{}", figure_text(all->interval.low), figure_text(all->interval.high))});
  }
  write_csv_table(
      folder + "/consistency.csv",
      {"sample", "cluster", "name", "cluster_images", "items", "hits", "share", "low", "high", "chance", "p_chance"},
      rows);
  write_latex_table(folder + "/consistency.tex", {"Sample", "Cluster", "Items", "Share", "95% interval"}, latex, 2);
}

void write_ratings(const CodedStudy& study, const std::string& folder) {
  Rows rows;
  for (const auto& each : study.results.ratings)
    rows.push_back({each.kind == ItemKind::between ? "between" : "within", fmt::to_string(each.cluster),
                    name_of(study.coding, each.cluster), fmt::to_string(each.pairs), number(each.mean),
                    number(std::sqrt(each.variance)), "", ""});
  if (const auto& quality = study.results.quality) {
    rows.push_back({"within, all pairs", "", "", "", number(quality->within), "", "", ""});
    rows.push_back({"between, all pairs", "", "", "", number(quality->between), "", "", ""});
    rows.push_back({"within minus between", "", "", "", number(quality->quality), number(quality->error),
                    number(quality->interval.low), number(quality->interval.high)});
  }
  const std::vector<std::string> header = {"pairs_of", "cluster", "name", "pairs", "mean", "deviation", "low", "high"};
  write_csv_table(folder + "/pairs.csv", header, rows);
  write_latex_table(folder + "/pairs.tex", header, rows, 3);
}

void write_agreement(const CodedStudy& study, const std::string& folder) {
  Rows rows;
  const auto add = [&](const std::string& measure, const std::string& coders, std::int64_t units, double value,
                       double error, const Interval& interval) {
    rows.push_back({measure, coders, fmt::to_string(units), number(value), number(error), number(interval.low),
                    number(interval.high)});
  };
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto& found = study.results;
  add("agreement", "all", found.group.units, found.group.agreement, kNone, {kNone, kNone});
  add("Krippendorff's alpha", "all", found.group.units, found.alpha.alpha, kNone, found.alpha.interval);
  add("Gwet's AC1", "all", found.group.units, found.group.gwet_ac1, found.group.gwet_error, found.group.gwet_interval);
  add("Fleiss' kappa", "all", found.group.units, found.group.fleiss_kappa, kNone, {kNone, kNone});
  for (const auto& pair : found.pairs) {
    const std::string coders = fmt::format("{} and {}", pair.first + 1, pair.second + 1);
    add("agreement", coders, pair.kappa.units, pair.kappa.agreement, kNone, {kNone, kNone});
    add("Cohen's kappa", coders, pair.kappa.units, pair.kappa.kappa, pair.kappa.error, pair.kappa.interval);
  }
  add("largest share of one answer", "all", found.codes.units, found.largest_share, kNone, {kNone, kNone});
  write_csv_table(folder + "/agreement.csv", {"measure", "coders", "items", "value", "error", "low", "high"}, rows);
  for (auto& row : rows)
    for (std::size_t i = 3; i < row.size(); ++i)
      if (!row[i].empty()) row[i] = figure_text(std::stod(row[i]));
  write_latex_table(folder + "/agreement.tex", {"Measure", "Coders", "Items", "Value", "Error", "Low", "High"}, rows,
                    2);
}

std::string category_text(const Coding& coding, std::size_t category) {
  if (coding.task == CodingTask::labels) return cluster_text(coding, static_cast<std::int32_t>(category));
  const auto texts = answer_texts(coding.task);
  return texts.empty() ? fmt::format("image {}", category + 1) : texts.at(category);
}

void write_confusion(const CodedStudy& study, const std::string& folder) {
  const auto categories = static_cast<std::size_t>(study.results.codes.categories);
  Rows rows;
  for (const auto& pair : study.results.pairs)
    for (std::size_t i = 0; i < categories; ++i) {
      std::vector<std::string> row = {fmt::to_string(pair.first + 1), fmt::to_string(pair.second + 1),
                                      category_text(study.coding, i)};
      for (std::size_t j = 0; j < categories; ++j) row.push_back(fmt::to_string(pair.confusion[i * categories + j]));
      rows.push_back(std::move(row));
    }
  std::vector<std::string> header = {"coder", "other_coder", "coder_says"};
  for (std::size_t j = 0; j < categories; ++j) header.push_back("other_says " + category_text(study.coding, j));
  write_csv_table(folder + "/confusion.csv", header, rows);
}

void write_tests(const CodedStudy& study, const std::string& folder) {
  Rows rows, latex;
  for (const auto& each : share_tests(study.results)) {
    rows.push_back({fmt::to_string(each.first), fmt::to_string(each.second), number(each.test.difference),
                    number(each.test.interval.low), number(each.test.interval.high), number(each.test.chi_squared),
                    number(each.test.p_value), number(each.holm), p_stars(each.holm), number(each.test.least_expected),
                    number(each.fisher)});
    latex.push_back({cluster_text(study.coding, each.first), cluster_text(study.coding, each.second),
                     figure_text(each.test.difference), p_text(each.test.p_value),
                     p_text(each.holm) + p_stars(each.holm)});
  }
  write_csv_table(folder + "/tests.csv",
                  {"cluster", "other_cluster", "difference", "low", "high", "chi_squared", "p", "p_holm", "stars",
                   "least_expected", "p_fisher"},
                  rows);
  write_latex_table(folder + "/tests.tex", {"Cluster", "Other", "Difference", "p", "p (Holm)"}, latex, 2);
}

void write_coders(const CodedStudy& study, const std::string& folder) {
  Rows rows;
  for (std::int64_t coder = 0; coder < study.coding.coders(); ++coder) {
    std::vector<double> seconds;
    std::int64_t items = 0, answered = 0;
    for (const auto& each : study.answers.answers) {
      if (each.coder != coder) continue;
      ++items;
      answered += each.answer >= 0 ? 1 : 0;
      if (!std::isnan(each.seconds)) seconds.push_back(each.seconds);
    }
    std::sort(seconds.begin(), seconds.end());
    const auto& gold = study.results.gold[static_cast<std::size_t>(coder)];
    rows.push_back({fmt::to_string(coder + 1), fmt::to_string(items), fmt::to_string(answered),
                    seconds.empty() ? "" : number(seconds[seconds.size() / 2]), fmt::to_string(gold.right),
                    fmt::to_string(gold.missed)});
  }
  write_csv_table(folder + "/coders.csv", {"coder", "items", "answered", "median_seconds", "gold_right", "gold_missed"},
                  rows);
  Rows remarks;
  for (const auto& remark : study.answers.remarks)
    remarks.push_back(
        {remark.what, remark.coder < 0 ? "" : coder_text(study.coding, remark.coder), remark.token, remark.text});
  write_csv_table(folder + "/remarks.csv", {"what", "coder", "token", "text"}, remarks);
}

// What each coder said of each item; of the items that coders disagree on the same beside one another.
void write_answer_tables(const CodedStudy& study, const std::vector<std::string>& paths, const std::string& folder) {
  Rows rows, open;
  const auto path_of = [&](const CodingItem& item) {
    std::string text;
    for (const auto row : item.rows) text += (text.empty() ? "" : " | ") + paths.at(static_cast<std::size_t>(row));
    return text;
  };
  std::map<std::int64_t, std::map<std::int32_t, std::int32_t>> said;
  for (const auto& each : study.answers.answers) {
    const CodingItem& item = study.coding.items[static_cast<std::size_t>(each.item)];
    said[each.item][each.coder] = each.answer;
    rows.push_back({fmt::to_string(each.item), kind_name(item.kind), fmt::to_string(item.cluster),
                    coder_text(study.coding, each.coder), fmt::to_string(each.round),
                    item_token(study.coding.key, each.coder, each.item),
                    each.answer < 0 ? "" : fmt::to_string(each.answer + 1),
                    item.right < 0 ? "" : fmt::to_string(item.right + 1), number(each.seconds), path_of(item)});
  }
  write_csv_table(folder + "/answers.csv",
                  {"item", "sample", "cluster", "coder", "round", "token", "answer", "right", "seconds", "path"}, rows);
  const std::int64_t adjudicator = study.coding.adjudicator();
  std::vector<std::string> header = {"form", "token", "item", "cluster", "name"};
  for (std::int64_t coder = 1; coder <= study.coding.coders(); ++coder)
    header.push_back(fmt::format("coder_{}", coder));
  header.insert(header.end(), {"answer", "path"});
  for (const auto number_of : study.results.disagreed) {
    const CodingItem& item = study.coding.items[static_cast<std::size_t>(number_of)];
    std::vector<std::string> row = {study.coding.form_token(adjudicator),
                                    item_token(study.coding.key, adjudicator, number_of), fmt::to_string(number_of),
                                    fmt::to_string(item.cluster), name_of(study.coding, item.cluster)};
    for (std::int32_t coder = 0; coder <= adjudicator; ++coder) {  // the decision last, where there is one already
      const auto found = said[number_of].find(coder);
      row.push_back(found == said[number_of].end() || found->second < 0 ? "" : fmt::to_string(found->second + 1));
    }
    row.push_back(path_of(item));
    open.push_back(std::move(row));
  }
  write_csv_table(folder + "/adjudication.csv", header, open);
}

}  // namespace

std::string coder_text(const Coding& coding, std::int64_t coder) {
  return coder == coding.adjudicator() ? "adjudicator" : fmt::to_string(coder + 1);
}

std::string cluster_text(const Coding& coding, std::int32_t cluster) {
  const std::string name = name_of(coding, cluster);
  return name.empty() ? fmt::to_string(cluster) : fmt::format("{} \"{}\"", cluster, name);
}

std::vector<ShareTest> share_tests(const CodingResults& results) {
  const bool random = std::any_of(results.shares.begin(), results.shares.end(),
                                  [](const auto& share) { return share.kind == ItemKind::random; });
  std::vector<CodedShare> shares;
  for (const auto& share : results.shares)
    if (share.kind == (random ? ItemKind::random : ItemKind::nearest)) shares.push_back(share);
  std::vector<ShareTest> tests;
  std::vector<double> p;
  for (std::size_t a = 0; a < shares.size(); ++a)
    for (std::size_t b = a + 1; b < shares.size(); ++b) {
      const auto n1 = static_cast<double>(shares[a].items), n2 = static_cast<double>(shares[b].items);
      ShareTest each{shares[a].cluster, shares[b].cluster, proportion_test(shares[a].hits, n1, shares[b].hits, n2), 0,
                     std::numeric_limits<double>::quiet_NaN()};
      const bool whole = std::floor(shares[a].hits) == shares[a].hits && std::floor(shares[b].hits) == shares[b].hits;
      if (whole && each.test.least_expected < kFewExpected)
        each.fisher = fisher_exact(static_cast<std::int64_t>(shares[a].hits), shares[a].items,
                                   static_cast<std::int64_t>(shares[b].hits), shares[b].items);
      p.push_back(each.test.p_value);
      tests.push_back(each);
    }
  const auto corrected = holm(p);
  for (std::size_t i = 0; i < tests.size(); ++i) tests[i].holm = corrected[i];
  return tests;
}

void write_coding_tables(const CodedStudy& study, const std::vector<std::string>& paths, const std::string& folder) {
  if (study.coding.task == CodingTask::pairs) {
    write_ratings(study, folder);
  } else {
    write_shares(study, folder);
    write_tests(study, folder);
  }
  write_agreement(study, folder);
  write_confusion(study, folder);
  write_coders(study, folder);
  write_answer_tables(study, paths, folder);
}

}  // namespace coterie::jobs
