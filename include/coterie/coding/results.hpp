#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coterie/coding/agreement.hpp"
#include "coterie/coding/codes.hpp"
#include "coterie/coding/items.hpp"
#include "coterie/coding/proportions.hpp"

namespace coterie::inline coding {

/// What one coder said of one item; from 0, or kMissing.
struct GivenAnswer {
  std::int64_t coder = 0, item = 0;
  std::int32_t answer = Codes::kMissing;
};

/// Of one cluster's items of one kind the share that was a hit: fits its theme (fit), the intruder was found
/// (intrusion), its own name was chosen (labels). An item that several coders answered counts by the mean of theirs;
/// "cannot tell" is no hit.
struct CodedShare {
  std::int32_t cluster = 0;
  ItemKind kind = ItemKind::random;
  std::int64_t items = 0;
  double hits = 0;
  Interval interval;   ///< Wilson's
  double chance = 0;   ///< the share that guessing gives; 0 of fit
  double p_value = 1;  ///< that guessing finds so many items, each by more than half of its coders; 1 of fit
};

/// How alike pairs within a cluster, or between it and the others, were rated, from 1 to 3.
struct PairRatings {
  std::int32_t cluster = 0;
  ItemKind kind = ItemKind::random;  ///< random: within; between
  std::int64_t pairs = 0;
  double mean = 0, variance = 0;  ///< over pairs of the mean over coders
};

/// Grimmer & King's cluster quality: mean rating within minus between, each weighted to all such pairs of the
/// collection.
struct PairQuality {
  double within = 0, between = 0, quality = 0;
  double error = 0;   ///< of the quality; NaN where a cluster gave one pair only
  Interval interval;  ///< 95 %
};

struct CoderPair {
  std::int32_t first = 0, second = 0;
  std::vector<std::int64_t> confusion;  ///< categories × categories, rows: first
  CohenKappa kappa;
};

struct GoldCount {
  std::int64_t right = 0, missed = 0, open = 0;
};

/// All that a coding says.
struct CodingResults {
  std::vector<std::int64_t> units;  ///< items that somebody answered and are no gold, ascending: the rows of `codes`
  Codes codes;                      ///< of labels the clusters named, else the answers
  std::vector<CodedShare> shares;   ///< by kind and cluster; empty of pairs
  std::vector<PairRatings> ratings;
  std::optional<PairQuality> quality;
  std::optional<WeightedShare> weighted;  ///< of the random samples, over the collection; none where there is none
  double mean = 0;  ///< of the clusters' shares, of random items, else of the nearest; NaN of pairs
  GroupAgreement group;
  KrippendorffAlpha alpha;
  std::vector<CoderPair> pairs;         ///< of coders that have an item in common
  double largest_share = 0;             ///< of one answer
  std::vector<GoldCount> gold;          ///< of each coder
  std::vector<std::int64_t> disagreed;  ///< items whose coders do not all say the same, ascending
};

struct ResultOptions {
  std::vector<GivenAnswer> decisions;  ///< that stand for what coders said, in shares and ratings; their coder is
                                       ///< passed over. The coders' agreement is of their own answers
  std::int64_t replicates = 10000;     ///< of alpha's bootstrap
  std::uint64_t seed = 1;
};

/// Counts everything. `sizes`: of each cluster its images. Of two answers of one coder to one item the caller has taken
/// neither (read never merges).
CodingResults coding_results(CodingTask task, const std::vector<CodingItem>& items,
                             const std::vector<std::int64_t>& sizes, std::int64_t coders,
                             const std::vector<GivenAnswer>& answers, const ResultOptions& options = {});

}  // namespace coterie::inline coding
