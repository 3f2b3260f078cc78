#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "ward/clusters.hpp"
#include "ward/kernel.hpp"

namespace coterie::inline clustering {

/// A cluster near another: its number, and a lower bound on their squared distance, or that itself if exact.
struct Neighbour {
  double squared;
  std::int32_t cluster;
  bool exact;
};

enum class NearestState : std::int32_t {
  open,       ///< what is known has not been looked at yet
  exhausted,  ///< what is known does not tell the nearest: it takes a search
  decided,    ///< the nearest is known
};

/// What is known of the clusters around one. Every cluster that is not in near[0 .. count-1] is at least `outside` away
/// (squared); infinite where there is no other.
struct Neighbourhood {
  std::array<Neighbour, NearestSlots::kNearest> near{};
  double outside = 0;
  double nearest_squared = 0;  ///< where decided
  std::int32_t nearest = -1;
  std::int32_t count = 0;
  NearestState state = NearestState::open;
};

/// Which of two neighbours at equal distance is the nearer: the one with the lower rank_among_equals. It is drawn by
/// the pair's numbers, not by which is lower, so that among many equal distances many pairs choose each other.
std::uint64_t rank_among_equals(std::int32_t a, std::int32_t b);

/// From a search: the candidates of the cluster in this slot, as squared lower bounds.
Neighbourhood neighbourhood_of(std::span<const NearestSlots::Candidate> candidates, const WardClusters& clusters);

/// Finds the nearest cluster of the one in `slot` by what is known, evaluating as few exact distances as that takes.
void decide(Neighbourhood& around, std::int64_t slot, const WardClusters& clusters);

/// Finds it by the exact distances to all: O(count D), for near ties among more clusters than a list holds.
Neighbourhood decided_by_all(std::int64_t slot, const WardClusters& clusters);

/// What becomes of the neighbourhoods when pairs of clusters merge. Lance and Williams (Computer Journal 9, 1967) give
/// the distance of a third cluster x to the new one from the old ones,
///
///     (|a| + |b| + |x|) d(ab, x)^2 = (|a| + |x|) d(a, x)^2 + (|b| + |x|) d(b, x)^2 - |x| d(a, b)^2,
///
/// which turns lower bounds into a lower bound, and never falls below min(d(a, x), d(b, x)) where a and b are each
/// other's nearest. So `outside` stays true of what clusters outside become.
class NeighbourhoodsAfter {
 public:
  /// pair_of[number]: the pair that the cluster is in, or -1. `clusters` as they are before the merges.
  NeighbourhoodsAfter(std::span<const WardPair> pairs, std::span<const std::int32_t> pair_of,
                      const WardClusters& clusters);

  /// Of a cluster that stays.
  void update(Neighbourhood& around, double size) const;

  /// Of a new cluster, from those of its parts.
  Neighbourhood joined(const WardPair& pair, const Neighbourhood& of_a, const Neighbourhood& of_b) const;

 private:
  struct Known;
  void replace_merged(Known& known, double size) const;

  std::span<const WardPair> pairs_;
  std::span<const std::int32_t> pair_of_;
  const WardClusters& clusters_;
  double smallest_, largest_;
};

}  // namespace coterie::inline clustering
