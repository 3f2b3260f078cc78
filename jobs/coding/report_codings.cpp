#include "coding/report_codings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "coding/coded_study.hpp"
#include "coding/coded_target.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/report/coding_charts.hpp"

namespace coterie::jobs {
namespace {

std::string with_interval(double value, const Interval& interval) {
  if (std::isnan(value)) return "not defined";
  if (std::isnan(interval.low)) return fmt::format("{:.3f}", value);
  return fmt::format("{:.3f} ({:.3f} to {:.3f})", value, interval.low, interval.high);
}

std::string asked_of(CodingTask task, const char* group) {
  switch (task) {
    case CodingTask::fit:
      return fmt::format("whether an image belongs to the theme of its {}", group);
    case CodingTask::intrusion:
      return fmt::format("which of five images does not belong with the other four, of one {}", group);
    case CodingTask::pairs:
      return "how alike two images are, from 1 to 3";
    case CodingTask::labels:
      return fmt::format("which of some {}s' names fits an image", group);
  }
  throw Error("a coding has an unknown task");
}

void add_shares(const CodedStudy& study, ReportCoding& shown) {
  shown.columns = {group_word(study.coding), "sample", "items", "share", "95 % interval"};
  for (const auto& share : study.results.shares)
    shown.clusters.push_back({cluster_text(study.coding, share.cluster), kind_name(share.kind),
                              fmt::to_string(share.items),
                              fmt::format("{:.3f}", share.hits / static_cast<double>(share.items)),
                              fmt::format("{:.3f} to {:.3f}", share.interval.low, share.interval.high)});
  shown.totals.push_back(
      {fmt::format("Mean of the {}s", group_word(study.coding)), fmt::format("{:.3f}", study.results.mean)});
  if (const auto& all = study.results.weighted)
    shown.totals.push_back({"Weighted to the collection", with_interval(all->share, all->interval)});
  if (study.coding.task == CodingTask::intrusion) shown.totals.push_back({"By chance", "0.200"});
}

void add_ratings(const CodedStudy& study, ReportCoding& shown) {
  const char* const group = group_word(study.coding);
  shown.columns = {group_word(study.coding), "pairs", "number", "mean rating"};
  for (const auto& each : study.results.ratings)
    shown.clusters.push_back({cluster_text(study.coding, each.cluster),
                              each.kind == ItemKind::between ? fmt::format("with other {}s", group) : "within",
                              fmt::to_string(each.pairs), fmt::format("{:.2f}", each.mean)});
  if (const auto& quality = study.results.quality) {
    shown.totals = {{fmt::format("Within {}s, all pairs", group), fmt::format("{:.3f}", quality->within)},
                    {fmt::format("Between {}s, all pairs", group), fmt::format("{:.3f}", quality->between)},
                    {"Within minus between", with_interval(quality->quality, quality->interval)}};
  }
}

void add_agreement(const CodedStudy& study, ReportCoding& shown) {
  const auto& results = study.results;
  if (results.group.units == 0) return;
  shown.agreement = {{"Items with two coders or more", fmt::to_string(results.group.units)},
                     {"Agreement", fmt::format("{:.3f}", results.group.agreement)},
                     {"Krippendorff's alpha", with_interval(results.alpha.alpha, results.alpha.interval)},
                     {"Gwet's AC1", with_interval(results.group.gwet_ac1, results.group.gwet_interval)}};
  for (const auto& pair : results.pairs)
    shown.agreement.push_back({fmt::format("Cohen's kappa, coders {} and {}", pair.first + 1, pair.second + 1),
                               with_interval(pair.kappa.kappa, pair.kappa.interval)});
}

}  // namespace

ReportCoding report_coding(const CodedStudy& study, const std::string& link) {
  std::set<std::int32_t> coders;
  for (const auto& each : study.answers.answers)
    if (each.answer >= 0) coders.insert(each.coder);
  ReportCoding shown{
      .name = study.name,
      .question =
          fmt::format("{} {} asked {}, in {} items.", coders.size(), coders.size() == 1 ? "person was" : "people were",
                      asked_of(study.coding.task, group_word(study.coding)), study.results.units.size()),
      .group = group_word(study.coding),
      .warnings = coding_warnings(study),
      .link = link};
  if (study.coding.task == CodingTask::pairs)
    add_ratings(study, shown);
  else
    add_shares(study, shown);
  add_agreement(study, shown);
  shown.consistency = coding_consistency_chart(study);
  shown.kappa = coding_kappa_chart(study);
  return shown;
}

Chart coding_consistency_chart(const CodedStudy& study) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::vector<ConsistencyPanel> panels;
  for (const auto kind : {ItemKind::random, ItemKind::nearest, ItemKind::boundary}) {
    ConsistencyPanel panel{kind_name(kind), fmt::format("k = {}", study.coding.k), {}, kNone, {}, {}, 0};
    const auto clusters = static_cast<std::size_t>(study.coding.k);
    for (auto* values : {&panel.shares, &panel.low, &panel.high}) values->assign(clusters, kNone);
    double sum = 0, count = 0;
    for (const auto& share : study.results.shares) {
      if (share.kind != kind) continue;
      const auto c = static_cast<std::size_t>(share.cluster);
      panel.shares[c] = share.hits / static_cast<double>(share.items);
      panel.low[c] = share.interval.low;
      panel.high[c] = share.interval.high;
      sum += panel.shares[c];
      ++count;
    }
    if (count == 0) continue;
    panel.mean = sum / count;
    panels.push_back(std::move(panel));
  }
  return consistency_chart("consistency", panels);
}

Chart coding_kappa_chart(const CodedStudy& study) {
  std::vector<AgreementBar> bars;
  for (const auto& pair : study.results.pairs)
    if (!std::isnan(pair.kappa.kappa))
      bars.push_back({fmt::format("k = {}", study.coding.k), fmt::format("{} and {}", pair.first + 1, pair.second + 1),
                      "coders", pair.kappa.kappa, pair.kappa.interval.low, pair.kappa.interval.high});
  return agreement_chart("kappa", "Cohen's Kappa", bars);
}

}  // namespace coterie::jobs
