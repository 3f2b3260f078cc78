#include "coterie/coding/results.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "normal.hpp"

namespace coterie::inline coding {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr std::int32_t kFits = 0;

class Count {
 public:
  Count(CodingTask task, const std::vector<CodingItem>& items, const std::vector<std::int64_t>& sizes,
        std::int64_t coders, const std::vector<GivenAnswer>& answers, const std::vector<GivenAnswer>& decisions)
      : task_(task), items_(items), sizes_(sizes), coders_(coders) {
    for (const auto& each : decisions)
      if (each.answer != Codes::kMissing) decided_[each.item][each.coder] = each.answer;
    for (const auto& each : answers)
      if (each.answer != Codes::kMissing) given_[each.item][each.coder] = each.answer;
    found_.gold.resize(static_cast<std::size_t>(coders));
    for (const auto& each : answers) count_gold(each);
    for (const auto& [item, ignored] : given_)
      if (at(item).kind != ItemKind::gold) found_.units.push_back(item);
  }

  CodingResults results(const ResultOptions& options) {
    fill_codes();
    if (task_ == CodingTask::pairs)
      fill_ratings();
    else
      fill_shares();
    fill_agreement(options);
    return std::move(found_);
  }

 private:
  const CodingItem& at(std::int64_t item) const { return items_[static_cast<std::size_t>(item)]; }

  void count_gold(const GivenAnswer& each) {
    if (at(each.item).kind != ItemKind::gold) return;
    auto& count = found_.gold[static_cast<std::size_t>(each.coder)];
    ++(each.answer == Codes::kMissing ? count.open : each.answer == at(each.item).right ? count.right : count.missed);
  }

  // Of label items the answer is a place among names that differ from item to item; what was said is the name.
  std::int32_t category(const CodingItem& item, std::int32_t answer) const {
    return task_ == CodingTask::labels ? item.choices.at(static_cast<std::size_t>(answer)) : answer;
  }

  void fill_codes() {
    Codes& codes = found_.codes;
    codes.units = std::ssize(found_.units);
    codes.coders = coders_;
    codes.categories = task_ == CodingTask::labels ? std::ssize(sizes_) : answers_of(task_);
    codes.values.assign(static_cast<std::size_t>(codes.units * coders_), Codes::kMissing);
    for (std::size_t unit = 0; unit < found_.units.size(); ++unit)
      for (const auto& [coder, answer] : given_.at(found_.units[unit]))
        codes.values[unit * static_cast<std::size_t>(coders_) + static_cast<std::size_t>(coder)] =
            category(at(found_.units[unit]), answer);
  }

  // What counts for an item: the decision where there is one, else what its coders said.
  const std::map<std::int64_t, std::int32_t>& counted(std::int64_t item) const {
    const auto decided = decided_.find(item);
    return decided != decided_.end() ? decided->second : given_.at(item);
  }

  // The share of an item's coders to whom it is a hit.
  double hit(std::int64_t item) const {
    const auto& answers = counted(item);
    const std::int32_t right = task_ == CodingTask::fit ? kFits : at(item).right;
    double hits = 0;
    for (const auto& [coder, answer] : answers) hits += answer == right ? 1 : 0;
    return hits / static_cast<double>(answers.size());
  }

  double chance(const CodingItem& item) const {
    if (task_ == CodingTask::fit) return 0;
    const auto of = task_ == CodingTask::labels ? item.choices.size() : item.rows.size();
    return 1 / static_cast<double>(of);
  }

  void fill_shares() {
    std::map<std::pair<ItemKind, std::int32_t>, CodedShare> shares;
    std::map<std::pair<ItemKind, std::int32_t>, std::int64_t> clear;
    for (const auto item : found_.units) {
      const std::pair stratum(at(item).kind, at(item).cluster);
      CodedShare& share = shares[stratum];
      share.kind = stratum.first;
      share.cluster = stratum.second;
      share.chance = chance(at(item));
      ++share.items;
      const double own = hit(item);
      share.hits += own;
      if (own > 0.5) ++clear[stratum];
    }
    for (auto& [stratum, share] : shares) {
      share.interval = wilson_interval(share.hits, static_cast<double>(share.items));
      if (task_ != CodingTask::fit) share.p_value = binomial_tail(clear[stratum], share.items, share.chance);
      found_.shares.push_back(share);
    }
    summarise();
  }

  std::vector<Stratum> strata(ItemKind kind) const {
    std::vector<Stratum> strata;
    for (std::size_t c = 0; c < sizes_.size(); ++c) strata.push_back({sizes_[c], 0, 0});
    for (const auto& share : found_.shares)
      if (share.kind == kind) {
        auto& stratum = strata[static_cast<std::size_t>(share.cluster)];
        stratum.sampled = share.items;
        stratum.hits = share.hits;
      }
    return strata;
  }

  // Only a random sample of each cluster says something of the collection. An intrusion is about sets of images, and
  // there is no population of these to weigh by.
  void summarise() {
    const auto random = strata(ItemKind::random);
    const bool any = std::any_of(random.begin(), random.end(), [](const auto& each) { return each.sampled > 0; });
    if (any && task_ != CodingTask::intrusion) found_.weighted = weighted_share(random);
    found_.mean = mean_share(any ? random : strata(ItemKind::nearest));
  }

  void fill_ratings() {
    found_.mean = kUndefined;
    std::map<std::pair<ItemKind, std::int32_t>, std::vector<double>> values;
    for (const auto item : found_.units) {
      const auto& answers = counted(item);
      double sum = 0;
      for (const auto& [coder, answer] : answers) sum += answer + 1;
      values[{at(item).kind, at(item).cluster}].push_back(sum / static_cast<double>(answers.size()));
    }
    for (const auto& [stratum, own] : values) {
      PairRatings ratings{stratum.second, stratum.first, std::ssize(own), 0, 0};
      for (const double value : own) ratings.mean += value / static_cast<double>(own.size());
      for (const double value : own) ratings.variance += (value - ratings.mean) * (value - ratings.mean);
      ratings.variance /= static_cast<double>(own.size()) - 1;  // 0/0, NaN, of a single pair
      found_.ratings.push_back(ratings);
    }
    fill_quality();
  }

  // As many pairs as a cluster has within, or with the others; those between are half of two clusters' each.
  double population(const PairRatings& ratings) const {
    double all = 0;
    for (const auto size : sizes_) all += static_cast<double>(size);
    const auto own = static_cast<double>(sizes_[static_cast<std::size_t>(ratings.cluster)]);
    return ratings.kind == ItemKind::between ? own * (all - own) / 2 : own * (own - 1) / 2;
  }

  void fill_quality() {
    PairQuality quality;
    double variance = 0;
    for (const auto kind : {ItemKind::random, ItemKind::between}) {
      double population_of_all = 0;
      for (const auto& ratings : found_.ratings)
        if (ratings.kind == kind) population_of_all += population(ratings);
      double mean = population_of_all > 0 ? 0 : kUndefined;
      for (const auto& ratings : found_.ratings) {
        if (ratings.kind != kind) continue;
        const double weight = population(ratings) / population_of_all;
        mean += weight * ratings.mean;
        variance += weight * weight * ratings.variance / static_cast<double>(ratings.pairs);
      }
      (kind == ItemKind::between ? quality.between : quality.within) = mean;
    }
    quality.quality = quality.within - quality.between;
    quality.error = std::sqrt(variance);
    const double half = kNormal975 * quality.error;
    quality.interval = {quality.quality - half, quality.quality + half};
    found_.quality = quality;
  }

  void fill_agreement(const ResultOptions& options) {
    const Codes& codes = found_.codes;
    found_.group = group_agreement(codes);
    found_.alpha = krippendorff_alpha(codes, options.replicates, options.seed);
    found_.largest_share = largest_share(codes);
    for (std::int32_t a = 0; a < coders_; ++a)
      for (std::int32_t b = a + 1; b < coders_; ++b) {
        CoderPair pair{a, b, confusion(codes, a, b), {}};
        pair.kappa = cohen_kappa(pair.confusion, codes.categories);
        if (pair.kappa.units > 0) found_.pairs.push_back(std::move(pair));
      }
    for (std::int64_t unit = 0; unit < codes.units; ++unit) {
      std::int32_t first = Codes::kMissing;
      bool differ = false;
      for (std::int64_t coder = 0; coder < coders_; ++coder) {
        const auto code = codes.at(unit, coder);
        if (code == Codes::kMissing) continue;
        differ |= first != Codes::kMissing && first != code;
        first = code;
      }
      if (differ) found_.disagreed.push_back(found_.units[static_cast<std::size_t>(unit)]);
    }
  }

  CodingTask task_;
  const std::vector<CodingItem>& items_;
  const std::vector<std::int64_t>& sizes_;
  std::int64_t coders_;
  std::map<std::int64_t, std::map<std::int64_t, std::int32_t>> given_, decided_;  ///< item -> coder -> answer
  CodingResults found_;
};

}  // namespace

CodingResults coding_results(CodingTask task, const std::vector<CodingItem>& items,
                             const std::vector<std::int64_t>& sizes, std::int64_t coders,
                             const std::vector<GivenAnswer>& answers, const ResultOptions& options) {
  return Count(task, items, sizes, coders, answers, options.decisions).results(options);
}

}  // namespace coterie::inline coding
