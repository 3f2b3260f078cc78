#include "coterie/clustering/ward.hpp"

#include <algorithm>

#include "ward/clusters.hpp"
#include "ward/neighbours.hpp"
#include "ward/search.hpp"
#include "ward/tree.hpp"

namespace coterie::inline clustering {
namespace {

/// Clusters that one search asks for beyond those that are waited for, as long as any are exhausted: with fewer, its
/// panels would not be full.
constexpr std::size_t kSearchTogether = 240;

/// Clusters that one search asks for at most: bounds its memory.
constexpr std::size_t kMostAsking = 240 * 8;

/// For the progress alone: the first look at all pairs, as a share of the whole.
constexpr double kFirstLook = 0.6;

/// Agglomeration by reciprocal nearest neighbours (Murtagh, Computer Journal 26, 1983): two clusters that are each
/// other's nearest may be merged at once, whatever else is near, since Ward's distance is reducible.
class Agglomeration {
 public:
  Agglomeration(WardClusters& clusters, const Communicator& comm, ThreadPool& pool, const ShareDone& on_share);
  void run(const ShareDone& on_share);

 private:
  using Slots = std::vector<std::int32_t>;

  Neighbourhood& around(std::int64_t slot) { return around_[static_cast<std::size_t>(slot)]; }
  Slots with(NearestState state) const;
  void decide_open();
  Slots slots_to_search() const;
  void search(const Slots& slots);
  void on_share(const Slots& slots, const std::function<void(std::int32_t slot)>& task);
  std::vector<WardPair> pairs_to_merge() const;
  WardPair pair_of(std::int32_t slot, std::int32_t other) const;
  void merge(std::vector<WardPair> pairs);

  WardClusters& clusters_;
  const Communicator& comm_;
  ThreadPool& pool_;
  std::vector<Neighbourhood> around_;  // of each slot
  std::vector<std::int32_t> pair_of_;  // of each number, the pair in this round
  WardPanels asking_;
};

Agglomeration::Agglomeration(WardClusters& clusters, const Communicator& comm, ThreadPool& pool,
                             const ShareDone& on_share)
    : clusters_(clusters),
      comm_(comm),
      pool_(pool),
      around_(static_cast<std::size_t>(clusters.count())),
      pair_of_(static_cast<std::size_t>(clusters.next_number() + clusters.count()), -1),
      asking_(std::min<std::int64_t>(kMostAsking, clusters.count()), clusters.columns(), comm) {
  if (clusters.count() == 1) return;
  const NearestSlots found = nearest_of_all(clusters_, comm_, pool_, part_of(on_share, 0, kFirstLook));
  for (std::int64_t slot = 0; slot < clusters_.count(); ++slot)
    around(slot) = neighbourhood_of(found.of(slot), clusters_);
}

void Agglomeration::run(const ShareDone& on_share) {
  const auto all = static_cast<double>(clusters_.count());
  while (clusters_.count() > 1) {
    decide_open();
    search(slots_to_search());
    merge(pairs_to_merge());
    const double left = static_cast<double>(clusters_.count()) / all;  // the work of a search goes with their number
    if (on_share) on_share(kFirstLook + (1 - kFirstLook) * (1 - left * left));
  }
}

Agglomeration::Slots Agglomeration::with(NearestState state) const {
  Slots slots;
  for (std::size_t slot = 0; slot < around_.size(); ++slot)
    if (around_[slot].state == state) slots.push_back(static_cast<std::int32_t>(slot));
  return slots;
}

/// Calls task for each of these slots, on one rank each, and lets all ranks know the neighbourhoods that come of it.
void Agglomeration::on_share(const Slots& slots, const std::function<void(std::int32_t)>& task) {
  const RowPartition shares(static_cast<std::int64_t>(slots.size()), 1, comm_.size());
  const RowRange mine = shares.rows_of(comm_.rank());
  pool_.for_each(mine.size(), [&](std::int64_t i, int) { task(slots[static_cast<std::size_t>(mine.begin + i)]); });
  if (comm_.size() == 1) return;
  std::vector<Neighbourhood> changed;
  for (std::int64_t i = mine.begin; i < mine.end; ++i) changed.push_back(around(slots[static_cast<std::size_t>(i)]));
  const auto all = comm_.gather_all(std::span<const Neighbourhood>(changed));
  for (std::size_t i = 0; i < slots.size(); ++i) around(slots[i]) = all[i];
}

void Agglomeration::decide_open() {
  on_share(with(NearestState::open), [&](std::int32_t slot) { decide(around(slot), slot, clusters_); });
}

/// The exhausted clusters that are some other's nearest: only they can be half of a reciprocal pair. The others wait,
/// until there are fewer to look at. If those are few, also the ones that may have the nearest neighbours.
Agglomeration::Slots Agglomeration::slots_to_search() const {
  std::vector<bool> waited_for(around_.size());
  for (const auto& each : around_)
    if (each.state == NearestState::decided)
      waited_for[static_cast<std::size_t>(clusters_.slot_of(each.nearest))] = true;
  Slots slots, others;
  for (const auto slot : with(NearestState::exhausted))
    (waited_for[static_cast<std::size_t>(slot)] ? slots : others).push_back(slot);
  if (slots.size() >= kSearchTogether) return slots;
  const std::size_t more = std::min(others.size(), kSearchTogether - slots.size());
  std::partial_sort(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(more), others.end(),
                    [&](std::int32_t a, std::int32_t b) {
                      const double near_a = around_[static_cast<std::size_t>(a)].outside,
                                   near_b = around_[static_cast<std::size_t>(b)].outside;
                      return near_a != near_b ? near_a < near_b : a < b;
                    });
  slots.insert(slots.end(), others.begin(), others.begin() + static_cast<std::ptrdiff_t>(more));
  return slots;
}

void Agglomeration::search(const Slots& slots) {
  for (std::size_t begin = 0; begin < slots.size(); begin += kMostAsking) {
    const auto asking = std::span(slots).subspan(begin, std::min(kMostAsking, slots.size() - begin));
    const NearestSlots found = nearest_of(asking, clusters_, asking_, comm_, pool_);
    for (std::size_t i = 0; i < asking.size(); ++i)
      around(asking[i]) = neighbourhood_of(found.of(static_cast<std::int64_t>(i)), clusters_);
  }
  on_share(slots, [&](std::int32_t slot) { decide(around(slot), slot, clusters_); });
  Slots undecided;
  for (const auto slot : slots)
    if (around(slot).state != NearestState::decided) undecided.push_back(slot);
  on_share(undecided, [&](std::int32_t slot) { around(slot) = decided_by_all(slot, clusters_); });
}

WardPair Agglomeration::pair_of(std::int32_t slot, std::int32_t other) const {
  const auto [low, high] = std::minmax(slot, other);
  return {low,
          high,
          clusters_.number(low),
          clusters_.number(high),
          clusters_.size(low),
          clusters_.size(high),
          around_[static_cast<std::size_t>(slot)].nearest_squared,
          -1};
}

/// The reciprocal pairs. There is always one where distances are exact: follow nearest neighbours, and the distance
/// falls until two point at each other. Where rounding lets equal distances go round in a circle, the nearest pair.
std::vector<WardPair> Agglomeration::pairs_to_merge() const {
  std::vector<WardPair> pairs;
  std::int32_t least = -1;
  for (std::size_t at = 0; at < around_.size(); ++at) {
    const auto slot = static_cast<std::int32_t>(at);
    const Neighbourhood& here = around_[at];
    if (here.state != NearestState::decided) continue;
    if (least < 0 || here.nearest_squared < around_[static_cast<std::size_t>(least)].nearest_squared) least = slot;
    const std::int32_t other = clusters_.slot_of(here.nearest);
    const Neighbourhood& there = around_[static_cast<std::size_t>(other)];
    if (slot < other && there.state == NearestState::decided && there.nearest == clusters_.number(slot))
      pairs.push_back(pair_of(slot, other));
  }
  const bool waits = std::any_of(around_.begin(), around_.end(), [&](const Neighbourhood& each) {
    if (each.state != NearestState::decided) return false;
    const std::int32_t other = clusters_.slot_of(each.nearest);
    return around_[static_cast<std::size_t>(other)].state != NearestState::decided;
  });
  if (pairs.empty() && !waits && least >= 0)
    pairs.push_back(pair_of(least, clusters_.slot_of(around_[static_cast<std::size_t>(least)].nearest)));
  return pairs;
}

void Agglomeration::merge(std::vector<WardPair> pairs) {
  if (pairs.empty()) return;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i].made = clusters_.next_number() + static_cast<std::int32_t>(i);
    for (const auto number : {pairs[i].a, pairs[i].b})
      pair_of_[static_cast<std::size_t>(number)] = static_cast<std::int32_t>(i);
  }
  const NeighbourhoodsAfter after(pairs, pair_of_, clusters_);
  std::vector<Neighbourhood> joined(pairs.size());
  pool_.for_each(static_cast<std::int64_t>(pairs.size()), [&](std::int64_t i, int) {
    const WardPair& pair = pairs[static_cast<std::size_t>(i)];
    joined[static_cast<std::size_t>(i)] = after.joined(pair, around(pair.slot_a), around(pair.slot_b));
  });
  constexpr std::int64_t kBlock = 256;
  pool_.for_each((clusters_.count() + kBlock - 1) / kBlock, [&](std::int64_t b, int) {
    for (std::int64_t slot = b * kBlock; slot < std::min(clusters_.count(), (b + 1) * kBlock); ++slot)
      if (pair_of_[static_cast<std::size_t>(clusters_.number(slot))] < 0)
        after.update(around(slot), clusters_.size(slot));
  });
  for (std::size_t i = 0; i < pairs.size(); ++i) around(pairs[i].slot_a) = joined[i];
  for (const auto& [from, to] : clusters_.merge(pairs, pool_)) around(to) = around(from);
  around_.resize(static_cast<std::size_t>(clusters_.count()));
}

}  // namespace

WardTree ward(const RowSource& rows, const WardOptions& options, const Communicator& comm, ThreadPool& pool) {
  WardClusters clusters(rows, options.memory_bytes, comm, pool);
  Agglomeration(clusters, comm, pool, options.on_share).run(options.on_share);
  return ascending_tree(rows.rows(), clusters.merges());
}

}  // namespace coterie::inline clustering
