#include "ward/neighbours.hpp"

#include <algorithm>
#include <limits>

namespace coterie::inline clustering {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Scores are rounded a few times in float32 after the subtraction that ward_error() is for; and what underflows in a
// squared distance of 2^26 columns, at scaled values up to 1, is less than kTiny.
constexpr double kScoreShare = 1 - 0x1p-20, kTiny = 0x1p-100;

// One evaluation by Lance and Williams in double.
constexpr double kRounded = 1 - 0x1p-40;

// Between equal distances evaluated in two ways lie (D / 8 + 8) 2^-53 at most, and each merge may lose that much from
// the bound on what is outside: 2^-20 suffices while merges one inside the other, times D, stay below 2^36.
constexpr double kOutsideShare = 1 - 0x1p-20;

double lance_williams(const WardPair& pair, double squared_a, double squared_b, double size) {
  return ((pair.size_a + size) * squared_a + (pair.size_b + size) * squared_b - size * pair.squared) /
         (pair.size_a + pair.size_b + size);
}

bool nearer(const Neighbour& a, const Neighbour& b, std::int32_t from) {
  if (a.squared != b.squared) return a.squared < b.squared;
  return rank_among_equals(from, a.cluster) < rank_among_equals(from, b.cluster);
}

void settle(Neighbourhood& around, const Neighbour& nearest) {
  around.state = NearestState::decided;
  around.nearest = nearest.cluster;
  around.nearest_squared = nearest.squared;
}

}  // namespace

// SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014): a bijection, so no two pairs have the same.
std::uint64_t rank_among_equals(std::int32_t a, std::int32_t b) {
  std::uint64_t x = static_cast<std::uint64_t>(std::min(a, b)) << 32 | static_cast<std::uint32_t>(std::max(a, b));
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9U;
  x = (x ^ x >> 27) * 0x94D049BB133111EBU;
  return x ^ x >> 31;
}

Neighbourhood neighbourhood_of(std::span<const NearestSlots::Candidate> candidates, const WardClusters& clusters) {
  const auto bound = [&](float score) {
    return std::max(0.0, static_cast<double>(score) * kScoreShare - kTiny) * clusters.unit();
  };
  Neighbourhood around;
  for (const auto& candidate : candidates)
    if (candidate.slot != NearestSlots::kNone)
      around.near[static_cast<std::size_t>(around.count++)] = {bound(candidate.score), clusters.number(candidate.slot),
                                                               false};
  around.outside = candidates.back().slot == NearestSlots::kNone ? kInfinity : bound(candidates.back().score);
  return around;
}

void decide(Neighbourhood& around, std::int64_t slot, const WardClusters& clusters) {
  const std::int32_t number = clusters.number(slot);
  const double limit = around.outside * kOutsideShare;
  const std::span<Neighbour> near(around.near.data(), static_cast<std::size_t>(around.count));
  around.state = NearestState::exhausted;
  while (true) {
    const Neighbour* best = nullptr;
    Neighbour* unsure = nullptr;
    for (auto& each : near) {
      if (each.exact && (!best || nearer(each, *best, number))) best = &each;
      if (!each.exact && (!unsure || each.squared < unsure->squared)) unsure = &each;
    }
    if (unsure && (!best || unsure->squared <= best->squared)) {
      if (!(unsure->squared < limit)) return;
      unsure->squared = clusters.squared_distance(slot, clusters.slot_of(unsure->cluster));
      unsure->exact = true;
      continue;
    }
    if (best && best->squared < limit) settle(around, *best);
    return;
  }
}

Neighbourhood decided_by_all(std::int64_t slot, const WardClusters& clusters) {
  const std::int32_t number = clusters.number(slot);
  Neighbourhood around;
  const auto begin = around.near.begin();
  for (std::int64_t other = 0; other < clusters.count(); ++other) {
    if (other == slot) continue;
    const Neighbour found{clusters.squared_distance(slot, other), clusters.number(other), true};
    const bool full = around.count == NearestSlots::kNearest;
    if (full && !nearer(found, around.near.back(), number)) continue;
    if (!full) ++around.count;
    auto place = begin + around.count - 1;
    for (; place != begin && nearer(found, *(place - 1), number); --place) *place = *(place - 1);
    *place = found;
  }
  around.outside = clusters.count() - 1 > around.count ? around.near.back().squared : kInfinity;
  settle(around, around.near.front());
  return around;
}

/// As a Neighbourhood, with room for the neighbours of two.
struct NeighbourhoodsAfter::Known {
  std::array<Neighbour, 2 * NearestSlots::kNearest> near;
  int count = 0;
  double outside = 0;

  const Neighbour* find(std::int32_t cluster) const {
    const auto end = near.begin() + count;
    const auto place = std::find_if(near.begin(), end, [&](const Neighbour& each) { return each.cluster == cluster; });
    return place == end ? nullptr : &*place;
  }
  double bound(std::int32_t cluster) const {
    const Neighbour* const there = find(cluster);
    return there ? there->squared : outside;
  }
};

NeighbourhoodsAfter::NeighbourhoodsAfter(std::span<const WardPair> pairs, std::span<const std::int32_t> pair_of,
                                         const WardClusters& clusters)
    : pairs_(pairs), pair_of_(pair_of), clusters_(clusters), smallest_(clusters.size(0)), largest_(clusters.size(0)) {
  for (std::int64_t slot = 1; slot < clusters.count(); ++slot) {
    smallest_ = std::min(smallest_, clusters.size(slot));
    largest_ = std::max(largest_, clusters.size(slot));
  }
}

void NeighbourhoodsAfter::replace_merged(Known& known, double size) const {
  const Known old = known;
  known.count = 0;
  for (int i = 0; i < old.count; ++i) {
    const Neighbour& each = old.near[static_cast<std::size_t>(i)];
    const std::int32_t number = pair_of_[static_cast<std::size_t>(each.cluster)];
    if (number < 0) {
      known.near[static_cast<std::size_t>(known.count++)] = each;
      continue;
    }
    const WardPair& pair = pairs_[static_cast<std::size_t>(number)];
    const Neighbour* const other = old.find(each.cluster == pair.a ? pair.b : pair.a);
    if (other && other < &each) continue;  // came in with the first of the two
    const double a = old.bound(pair.a), b = old.bound(pair.b);
    const double squared = std::max(lance_williams(pair, a, b, size), std::min(a, b)) * kRounded;
    known.near[static_cast<std::size_t>(known.count++)] = {squared, pair.made, false};
  }
}

void NeighbourhoodsAfter::update(Neighbourhood& around, double size) const {
  const auto merges = [&](std::int32_t cluster) { return pair_of_[static_cast<std::size_t>(cluster)] >= 0; };
  const auto end = around.near.begin() + around.count;
  if (std::none_of(around.near.begin(), end, [&](const Neighbour& each) { return merges(each.cluster); })) return;
  Known known;
  std::copy(around.near.begin(), end, known.near.begin());
  known.count = around.count;
  known.outside = around.outside;
  replace_merged(known, size);
  std::copy_n(known.near.begin(), known.count, around.near.begin());
  around.count = known.count;
  if (around.state == NearestState::decided && merges(around.nearest)) around.state = NearestState::open;
}

Neighbourhood NeighbourhoodsAfter::joined(const WardPair& pair, const Neighbourhood& of_a,
                                          const Neighbourhood& of_b) const {
  const auto known_of = [](const Neighbourhood& around) {
    Known known{.count = around.count, .outside = around.outside};
    std::copy_n(around.near.begin(), around.count, known.near.begin());
    return known;
  };
  const Known around_a = known_of(of_a), around_b = known_of(of_b);
  const auto bound = [&](double a, double b, double size) {
    return std::max(lance_williams(pair, a, b, size), std::min(a, b)) * kRounded;
  };
  // The formula is monotone in the third cluster's size: between the mean of the two and their sum less d(a, b)^2.
  Known known;
  known.outside = std::min(bound(around_a.outside, around_b.outside, smallest_),
                           bound(around_a.outside, around_b.outside, largest_));
  for (const Known* around : {&around_a, &around_b})
    for (int i = 0; i < around->count; ++i) {
      const std::int32_t cluster = around->near[static_cast<std::size_t>(i)].cluster;
      if (cluster == pair.a || cluster == pair.b || known.find(cluster)) continue;
      const double squared =
          bound(around_a.bound(cluster), around_b.bound(cluster), clusters_.size(clusters_.slot_of(cluster)));
      known.near[static_cast<std::size_t>(known.count++)] = {squared, cluster, false};
    }
  replace_merged(known, pair.size_a + pair.size_b);
  std::sort(known.near.begin(), known.near.begin() + known.count, [](const Neighbour& a, const Neighbour& b) {
    return a.squared != b.squared ? a.squared < b.squared : a.cluster < b.cluster;
  });
  Neighbourhood around;
  around.count = std::min(known.count, NearestSlots::kNearest);
  std::copy_n(known.near.begin(), around.count, around.near.begin());
  around.outside = known.outside;
  if (known.count > around.count)
    around.outside = std::min(around.outside, known.near[static_cast<std::size_t>(around.count)].squared);
  return around;
}

}  // namespace coterie::inline clustering
