#include <cmath>
#include <limits>

#include "coding/coded_study.hpp"
#include "coding/consistency_table.hpp"
#include "coding/latex_table.hpp"
#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/coding/proportions.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {
namespace {

constexpr double kRounded = 0.0051;  // a typed average may be rounded to two digits

std::string number(double value) { return std::isnan(value) ? "" : fmt::format("{:.7g}", value); }

// Codings of the study, in the form of a published table; the model is the clustering, the k its own.
void add_codings(const Job& job, PublishedTable& found) {
  for (const auto& name : job.options.texts("answers")) {
    const CodedStudy study = read_coded_study(job.study, name);
    const auto& results = study.results;
    require(!results.shares.empty(), "{} is of pairs, which have no consistency", name);
    ConsistencyRow row{study.coding.target(), "", study.coding.k, {}, std::numeric_limits<double>::quiet_NaN(), 0};
    row.shares.assign(static_cast<std::size_t>(study.coding.k), row.average);
    const ItemKind kind = results.weighted ? ItemKind::random : results.shares.front().kind;
    for (const auto& share : results.shares) {
      if (share.kind != kind) continue;
      row.shares[static_cast<std::size_t>(share.cluster)] = share.hits / static_cast<double>(share.items);
      row.images += static_cast<double>(share.items);
    }
    found.consistencies.push_back(std::move(row));
    for (const auto& pair : results.pairs)
      found.kappas.push_back({study.coding.target(), fmt::format("{} and {}", pair.first + 1, pair.second + 1),
                              study.coding.k, pair.kappa.kappa});
  }
}

bool wanted(const std::string& where, const std::string& model, const std::string& dataset) {
  return where.empty() || where == model || where == dataset;
}

PublishedTable gathered(const Job& job) {
  PublishedTable found;
  const std::string where = job.options.text("only");
  for (const auto& path : job.options.words) {
    const PublishedTable table = read_published_table(path, job.options.real("images"));
    for (const auto& row : table.consistencies)
      if (wanted(where, row.model, row.dataset)) found.consistencies.push_back(row);
    for (const auto& row : table.kappas)
      if (wanted(where, row.model, row.dataset)) found.kappas.push_back(row);
  }
  add_codings(job, found);
  require(!found.consistencies.empty() || !found.kappas.empty(),
          "there is nothing to compare: name published tables, or codings of --study with --answers");
  return found;
}

// An average that was typed, and is none of the numbers beside it, is a slip in the table.
void tell_slips(const Job& job, const std::vector<ConsistencyRow>& rows) {
  for (const auto& row : rows)
    if (!std::isnan(row.average) && std::fabs(row.average - row.mean()) > kRounded)
      job.say("{}: the table's average is {}, that of its clusters {:.4f}", row.name(), row.average, row.mean());
}

double share_of(const Job& job, const ConsistencyRow& row) {
  return job.options.text("average") == "table" && !std::isnan(row.average) ? row.average : row.mean();
}

void write_pairs(const Job& job, const std::vector<ConsistencyRow>& rows, const std::string& folder) {
  const bool corrects = job.options.text("correction") == "holm";
  std::vector<ProportionTest> tests;
  std::vector<double> p;
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t a = 0; a < rows.size(); ++a)
    for (std::size_t b = a + 1; b < rows.size(); ++b) {
      tests.push_back(proportion_test(share_of(job, rows[a]) * rows[a].images, rows[a].images,
                                      share_of(job, rows[b]) * rows[b].images, rows[b].images));
      p.push_back(tests.back().p_value);
      pairs.emplace_back(a, b);
    }
  const auto corrected = corrects ? holm(p) : p;
  TableFile table(folder + "/comparisons.csv");
  table.header({"first", "second", "share_first", "share_second", "images_first", "images_second", "difference", "low",
                "high", "chi_squared", "p", corrects ? "p_holm" : "p_uncorrected", "stars"},
               ',');
  std::vector<std::vector<std::string>> latex;
  std::int64_t below = 0, below_corrected = 0;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    const auto &first = rows[pairs[i].first], &second = rows[pairs[i].second];
    below += p[i] < 0.05 ? 1 : 0;
    below_corrected += corrected[i] < 0.05 ? 1 : 0;
    table.line({first.name(), second.name(), number(share_of(job, first)), number(share_of(job, second)),
                number(first.images), number(second.images), number(tests[i].difference), number(tests[i].interval.low),
                number(tests[i].interval.high), number(tests[i].chi_squared), number(p[i]), number(corrected[i]),
                p_stars(corrected[i])},
               ',');
    latex.push_back({first.name(), second.name(), figure_text(share_of(job, first)), figure_text(share_of(job, second)),
                     p_text(corrected[i]) + p_stars(corrected[i])});
  }
  table.finish();
  write_latex_table(folder + "/comparisons.tex",
                    {"Algorithm 1", "Algorithm 2", "Consistency 1", "Consistency 2", corrects ? "p (Holm)" : "p"},
                    latex, 2);
  job.say("{} comparisons: {} with p < .05{}", tests.size(), below,
          corrects ? fmt::format(", {} after Holm's correction", below_corrected) : ", uncorrected");
}

void draw(const PublishedTable& found, const std::string& folder) {
  std::vector<ConsistencyPanel> panels;
  for (const auto& row : found.consistencies)
    panels.push_back(
        {fmt::to_string(row.k), row.model.empty() ? row.dataset : row.model, row.shares, row.mean(), {}, {}});
  for (const auto& chart : {consistency_chart("consistency", panels),
                            agreement_chart("kappa", "Cohen's Kappa", agreement_bars(found.kappas))})
    if (!chart.empty()) write_chart(chart, folder);
}

void compare_all(Job& job) {
  const std::string folder = job.options.required("to");
  require(!job.options.given("answers") || job.options.given("study"),
          "--answers are of a study: name it with --study");
  job.comm.on_root([&] {
    const PublishedTable found = gathered(job);
    if (job.dry_run()) return job.say("would write {}", folder);
    make_folder(folder);
    tell_slips(job, found.consistencies);
    if (found.consistencies.size() > 1) write_pairs(job, found.consistencies, folder);
    draw(found, folder);
    job.say("wrote {}", folder);
  });
}

}  // namespace

Command code_compare() {
  using enum OptionType;
  return {.options = OptionList(
              "code compare",
              {{"answers", Role::output, text, "", "NAME,...",
                "codings of --study to compare, by the names of their answers"},
               {"images", Role::output, real, "20", "N", "images coded of each cluster of a published table", 1, 1e6},
               {"average", Role::output, choice, "computed", "",
                "computed from the clusters, or as the table has it, rounded or not", 0, kMost, "computed|table"},
               {"correction", Role::output, choice, "holm", "",
                "for so many comparisons; the published tests have none", 0, kMost, "holm|none"},
               {"only", Role::output, text, "", "TEXT", "only rows of this algorithm or data set: Face"},
               {"to", Role::place, text, "", "DIR", "where to write", 0, kMost, "", true}},
              "TABLE ..."),
          .summary = "compares solutions by their consistency: own codings and published tables",
          .example = "coterie code compare published.csv --to compared",
          .run = compare_all,
          .needs_study = false};
}

}  // namespace coterie::jobs
