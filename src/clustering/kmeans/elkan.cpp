#include "kmeans/elkan.hpp"

#include <bit>
#include <limits>
#include <utility>

#include "rows/outward.hpp"

namespace coterie::inline clustering {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr auto kBlock = static_cast<std::size_t>(kBlockRows);

constexpr int kDensePasses = 2;

// Rows worked on together stay in the L1 cache between their own centroid's distance and the others'. But centroids
// that fill the L2 cache must serve many rows, stretch by stretch of their columns.
constexpr std::int64_t kBatchFloats = 8192, kCentroidFloats = 1 << 17, kStretch = 512;

std::int64_t round_up(std::int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

std::int64_t stride_of_groups(std::int64_t panels) { return panels == 1 ? 0 : round_up(panels); }

}  // namespace

struct Elkan::Pair {
  std::int32_t at, slot;  // the row, as numbered in the batch
  float squared;
};

/// What one worker knows of the block in hand.
struct Elkan::Scratch : BlockInHand {
  std::vector<std::int32_t> batch;
  std::vector<float> own = std::vector<float>(kBlock);  // of the batch: quick squared distance to the present centroid
  std::vector<Pair> rivals;                             // of the batch, row by row
  std::vector<std::int32_t> by_slot, starts;
  std::vector<const float*> pointers;
  std::vector<float> dots = std::vector<float>(kBlock * kLanes * kMaxVectors);
  std::vector<float> best = std::vector<float>(kBlock), second = std::vector<float>(kBlock);
  std::vector<std::int32_t> nearest = std::vector<std::int32_t>(kBlock);
  std::vector<Move> moves;
};

std::int64_t Elkan::numbers_per_row(std::int64_t centroids) {
  const CentroidPanels panels(centroids, 0);
  return panels.slots() + stride_of_groups(panels.panels()) + 2;
}

Elkan::Elkan(const LocalRows& rows, std::int64_t centroids)
    : NearestCentroids(rows),
      error_(static_cast<float>(columns_ / 8 + 12) * 0x1p-24F),
      panels_(centroids, columns_),
      slots_(panels_.slots()),
      group_stride_(stride_of_groups(panels_.panels())),
      slot_of_(static_cast<std::size_t>(centroids)),
      panel_of_slot_(static_cast<std::size_t>(slots_)),
      upper_(labels_.size()),
      lanes_(std::make_unique_for_overwrite<float[]>(labels_.size() * static_cast<std::size_t>(slots_))),
      groups_(std::make_unique_for_overwrite<float[]>(labels_.size() * static_cast<std::size_t>(group_stride_))),
      travelled_(slot_of_.size()),
      group_travelled_(static_cast<std::size_t>(panels_.panels())),
      lane_travel_(static_cast<std::size_t>(slots_)),
      group_travel_(static_cast<std::size_t>(round_up(panels_.panels()))),
      drifts_(slot_of_.size()),
      scratch_(static_cast<std::size_t>(rows.pool().threads())) {
  const bool many = centroids * columns_ > kCentroidFloats && columns_ > kStretch;
  batch_rows_ = many ? kBlockRows : std::clamp(kBatchFloats / columns_, std::int64_t{1}, kBlockRows);
  stretch_ = many ? kStretch : columns_;
}

Elkan::~Elkan() = default;

std::exception_ptr Elkan::update(MatrixView<const float> centroids, std::span<const double> drifts,
                                 const TakeMoves& moved) {
  centroids_ = centroids;
  // The first means lie so far from the rows that they started from that hardly a bound would hold; and they tell more
  // of who neighbours whom.
  const bool dense = passes_++ < kDensePasses;
  dense ? start_bounds() : travel(drifts);
  return rows_.try_each_block([&](std::int64_t number, int worker) {
    Scratch& scratch = scratch_[static_cast<std::size_t>(worker)];
    scratch.moves.clear();
    const RowRange block = rows_.block(number);
    dense ? visit_all(block, scratch) : visit(block, scratch);
    if (!scratch.moves.empty()) moved(scratch.moves, worker);
  });
}

/// Packs the centroids for a pass that measures all distances.
void Elkan::start_bounds() {
  panels_.group(centroids_);
  panels_.pack(centroids_, rows_.middle(), rows_.pool());
  for (std::int64_t p = 0; p < panels_.panels(); ++p)
    for (std::int64_t slot = panels_.first_slot(p); slot < panels_.first_slot(p + 1); ++slot) {
      panel_of_slot_[static_cast<std::size_t>(slot)] = p;
      if (panels_.centroid_in(slot) >= 0) slot_of_[static_cast<std::size_t>(panels_.centroid_in(slot))] = slot;
    }
}

void Elkan::travel(std::span<const double> drifts) {
  std::vector<double> farthest(group_travelled_.size(), 0);
  for (std::size_t c = 0; c < drifts.size(); ++c) {
    drifts_[c] = static_cast<float>(drifts[c]) * kUp;
    travelled_[c] += drifts[c];
    const auto slot = static_cast<std::size_t>(slot_of_[c]);
    lane_travel_[slot] = static_cast<float>(travelled_[c]) * kUp;
    double& of_group = farthest[static_cast<std::size_t>(panel_of_slot_[slot])];
    of_group = std::max(of_group, drifts[c]);
  }
  for (std::size_t g = 0; g < farthest.size(); ++g) {
    group_travelled_[g] += farthest[g];
    group_travel_[g] = static_cast<float>(group_travelled_[g]) * kUp;
  }
}

/// A bound as it is kept: taking the travel off again gives at most the bound. The factor covers the roundings here,
/// and those of the travel then and later.
float Elkan::stored(std::int64_t slot, float bound) const {
  return (bound + lane_travel_[static_cast<std::size_t>(slot)]) * kDown;
}

/// All distances, panel by panel.
void Elkan::visit_all(RowRange block, Scratch& scratch) {
  const float* const values = rows_.values(block, scratch.buffer);
  scratch.pointers.clear();
  for (std::int64_t i = 0; i < block.size(); ++i) scratch.pointers.push_back(values + i * columns_);
  std::fill(scratch.best.begin(), scratch.best.end(), kInfinity);
  std::fill(scratch.second.begin(), scratch.second.end(), kInfinity);
  for (std::int64_t p = 0; p < panels_.panels(); ++p) {
    const int vectors = panels_.vectors(p);
    const auto members = panels_.members(p);
    panel_dots(scratch.pointers.data(), block.size(), panels_.values(p), vectors, columns_, scratch.dots.data());
    const float* dots = scratch.dots.data();
    for (std::int64_t i = 0; i < block.size(); ++i, dots += vectors * kLanes) {
      const auto at = static_cast<std::size_t>(i), row = static_cast<std::size_t>(block.begin + i);
      const auto [score, next, lane] = lane_minimum(dots, panels_.biases(p), vectors);
      scratch.second[at] = std::min(std::min(scratch.second[at], next), std::max(scratch.best[at], score));
      if (score < scratch.best[at])
        scratch.best[at] = score, scratch.nearest[at] = members[static_cast<std::size_t>(lane)];
      const float spread = rows_.spreads()[row];
      lower_bounds(dots, panels_.biases(p), spread, panels_.error(rows_.norms()[row], spread), vectors,
                   lanes(row) + panels_.first_slot(p));
    }
  }
  for (std::int64_t i = 0; i < block.size(); ++i) {
    const auto at = static_cast<std::size_t>(i), row = static_cast<std::size_t>(block.begin + i);
    const std::int32_t before = std::exchange(labels_[row], scratch.nearest[at]);
    decide_among_all(row, scratch.pointers[at], scratch.best[at], scratch.second[at]);
    if (labels_[row] != before) scratch.moves.push_back({scratch.pointers[at], before, labels_[row]});
    std::fill_n(groups(row), group_stride_, kInfinity);
    for (std::int64_t p = 0; p < panels_.panels(); ++p) renew_group(row, p);
  }
}

/// Names the nearest where float32 can tell, else decides by the definition among those that may be.
void Elkan::decide_among_all(std::size_t row, const float* values, float score, float second) {
  const float spread = rows_.spreads()[row], error = panels_.error(rows_.norms()[row], spread);
  upper_[row] = upper_bound(std::max(0.0F, spread + score + 2 * error));
  // Two errors, one on each side, and room for the rounding of this comparison itself.
  if (second <= score + 3 * error) {
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t slot = 0; slot < slots_; ++slot) {
      const std::int32_t centroid = panels_.centroid_in(slot);
      if (centroid < 0 || !(lanes(row)[slot] <= upper_[row])) continue;
      const double squared = squared_distance(values, centroids_.row(centroid), columns_);
      if (squared < least || (squared == least && centroid < labels_[row])) least = squared, labels_[row] = centroid;
    }
    upper_[row] = upper_bound(static_cast<float>(least) * kUp + kTiny);
  }
  lanes(row)[slot_of(labels_[row])] = kInfinity;
}

void Elkan::visit(RowRange block, Scratch& scratch) {
  scratch.doubtful.clear();
  for (std::int32_t i = 0; i < block.size(); ++i) {
    const auto row = static_cast<std::size_t>(block.begin + i);
    upper_[row] = (upper_[row] + drifts_[static_cast<std::size_t>(labels_[row])]) * kUp;
    if (doubtful(row)) scratch.doubtful.push_back(i);
  }
  examine_doubtful(block, scratch, true, [&] { examine(block, scratch); });
}

/// How far a row may be from the values in hand.
float Elkan::stand_in_error(std::size_t row, const Scratch& scratch) const {
  return scratch.exact ? 0 : rows_.half().error(static_cast<std::int64_t>(row));
}

/// Measures what doubtful rows need, batch by batch.
void Elkan::examine(RowRange block, Scratch& scratch) {
  const auto count = scratch.doubtful.size(), most = static_cast<std::size_t>(batch_rows_);
  for (std::size_t first = 0; first < count; first += most) {
    scratch.batch.clear();
    scratch.rivals.clear();
    for (std::size_t n = first; n < std::min(count, first + most); ++n) {
      if (n + 1 < count) prefetch_row(scratch.rows + scratch.doubtful[n + 1] * columns_, columns_);
      const std::int32_t i = scratch.doubtful[n];
      const auto row = static_cast<std::size_t>(block.begin + i), at = scratch.batch.size();
      scratch.own[at] = quick_squared_distance(scratch.rows + i * columns_, centroids_.row(labels_[row]), columns_);
      upper_[row] = most_distant(scratch.own[at], stand_in_error(row, scratch));
      find_rivals(row, static_cast<std::int32_t>(at), scratch);
      if (!scratch.rivals.empty() && scratch.rivals.back().at == static_cast<std::int32_t>(at))
        scratch.batch.push_back(i);
    }
    measure(scratch);
    std::size_t begin = 0;
    for (std::size_t at = 0; at < scratch.batch.size(); ++at) {
      std::size_t end = begin;
      while (end < scratch.rivals.size() && scratch.rivals[end].at == static_cast<std::int32_t>(at)) ++end;
      decide(block, at, std::span(scratch.rivals).subspan(begin, end - begin), scratch);
      begin = end;
    }
  }
}

/// Bounds on a distance whose square was measured, for a row at most `off` from the values that were in hand.
float Elkan::most_distant(float squared, float off) const {
  return (upper_bound(squared * (1 + error_) + kTiny) + off) * kUp;
}

float Elkan::least_distant(float squared, float off) const {
  return std::max(0.0F, (lower_bound(squared * (1 - error_) - kTiny) - off) * kDown);
}

/// Whether the bounds leave another centroid a chance. Looks into panels only until one does.
bool Elkan::doubtful(std::size_t row) {
  const float upper = upper_[row];
  if (group_stride_ == 0) return smallest_difference(lanes(row), lane_travel_.data(), slots_) * kDown <= upper;
  const float* const of_groups = groups(row);
  for (std::int64_t first = 0; first < group_stride_; first += kLanes)
    for (auto near = differences_within(of_groups + first, group_travel_.data() + first, upper, 1); near != 0;
         near &= near - 1) {
      const std::int64_t p = first + std::countr_zero(near), slot = panels_.first_slot(p);
      const float smallest =
          smallest_difference(lanes(row) + slot, lane_travel_.data() + slot, panels_.vectors(p) * kLanes);
      if (smallest * kDown <= upper) return true;
      renew_group(row, p);
    }
  return false;
}

/// Lists the centroids that may be nearer than the row's own, whose distance upper_ has been renewed.
void Elkan::find_rivals(std::size_t row, std::int32_t at, Scratch& scratch) {
  const float upper = upper_[row];
  const auto look = [&](std::int64_t panel) {
    const std::int64_t first = panels_.first_slot(panel);
    const auto near =
        differences_within(lanes(row) + first, lane_travel_.data() + first, upper, panels_.vectors(panel));
    for (auto left = near; left != 0; left &= left - 1)
      scratch.rivals.push_back({at, static_cast<std::int32_t>(first + std::countr_zero(left)), 0});
    if (near == 0) renew_group(row, panel);
  };
  if (group_stride_ == 0) return look(0);
  for (std::int64_t first = 0; first < group_stride_; first += kLanes)
    for (auto near = differences_within(groups(row) + first, group_travel_.data() + first, upper, 1); near != 0;
         near &= near - 1)
      look(first + std::countr_zero(near));
}

/// Fills in the rivals' squared distances.
void Elkan::measure(Scratch& scratch) const {
  auto& rivals = scratch.rivals;
  const auto between = [&](const Pair& pair, std::int64_t first, std::int64_t columns) {
    return quick_squared_distance(scratch.rows + scratch.batch[static_cast<std::size_t>(pair.at)] * columns_ + first,
                                  centroids_.row(panels_.centroid_in(pair.slot)) + first, columns);
  };
  if (stretch_ == columns_) {
    for (auto& pair : rivals) pair.squared = between(pair, 0, columns_);
    return;
  }
  // By centroid, so that one stretch of it serves all its rows while it is in the L1 cache.
  scratch.starts.assign(static_cast<std::size_t>(slots_) + 1, 0);
  scratch.by_slot.resize(rivals.size());
  for (const auto& pair : rivals) ++scratch.starts[static_cast<std::size_t>(pair.slot) + 1];
  for (std::size_t s = 1; s < scratch.starts.size(); ++s) scratch.starts[s] += scratch.starts[s - 1];
  for (std::size_t n = 0; n < rivals.size(); ++n) {
    const auto place = scratch.starts[static_cast<std::size_t>(rivals[n].slot)]++;
    scratch.by_slot[static_cast<std::size_t>(place)] = static_cast<std::int32_t>(n);
  }
  for (std::int64_t first = 0; first < columns_; first += stretch_)
    for (const auto n : scratch.by_slot) {
      auto& pair = rivals[static_cast<std::size_t>(n)];
      pair.squared += between(pair, first, std::min(stretch_, columns_ - first));
    }
}

/// Names the nearest centroid of a row whose rivals are measured, and renews its bounds.
void Elkan::decide(RowRange block, std::size_t at, std::span<const Pair> rivals, Scratch& scratch) {
  const std::int32_t i = scratch.batch[at];
  const auto row = static_cast<std::size_t>(block.begin + i);
  const std::int32_t before = labels_[row];
  const float off = stand_in_error(row, scratch), own_lower = least_distant(scratch.own[at], off);
  std::int32_t after = before;
  float upper = upper_[row];
  for (const auto& [number, slot, squared] : rivals) {
    lanes(row)[slot] = stored(slot, least_distant(squared, off));
    const float rival_upper = most_distant(squared, off);
    if (rival_upper < upper) upper = rival_upper, after = panels_.centroid_in(slot);
  }
  // Near equals are decided by the definition.
  const auto may_be_nearest = [&](const Pair& pair) { return least_distant(pair.squared, off) <= upper; };
  const auto near = std::count_if(rivals.begin(), rivals.end(), may_be_nearest) + (own_lower <= upper);
  if (!scratch.exact && (near > 1 || after != before)) {
    scratch.again.push_back(i);
    return;
  }
  if (near > 1) {
    const float* const values = scratch.rows + i * columns_;
    double least = squared_distance(values, centroids_.row(before), columns_);
    after = before;
    for (const auto& pair : rivals) {
      if (!may_be_nearest(pair)) continue;
      const std::int32_t centroid = panels_.centroid_in(pair.slot);
      const double squared = squared_distance(values, centroids_.row(centroid), columns_);
      if (squared < least || (squared == least && centroid < after)) least = squared, after = centroid;
    }
    upper = upper_bound(static_cast<float>(least) * kUp + kTiny);
  }
  upper_[row] = upper;
  if (after != before) {
    give(row, before, after);
    lanes(row)[slot_of(before)] = stored(slot_of(before), own_lower);
    renew_group(row, panel_of_slot_[static_cast<std::size_t>(slot_of(before))]);
    scratch.moves.push_back({scratch.rows + i * columns_, before, after});
  }
  std::int64_t last = -1;
  for (const auto& pair : rivals)
    if (const std::int64_t panel = panel_of_slot_[static_cast<std::size_t>(pair.slot)]; panel != last)
      renew_group(row, last = panel);
}

void Elkan::give(std::size_t row, std::int32_t before, std::int32_t after) {
  labels_[row] = after;
  lanes(row)[slot_of(before)] = 0;  // nothing is known
  lanes(row)[slot_of(after)] = kInfinity;
}

void Elkan::renew_group(std::size_t row, std::int64_t panel) {
  if (group_stride_ == 0) return;
  const std::int64_t first = panels_.first_slot(panel);
  const float smallest =
      smallest_difference(lanes(row) + first, lane_travel_.data() + first, panels_.vectors(panel) * kLanes);
  groups(row)[panel] =
      (smallest * (smallest > 0 ? kDown : kUp) + group_travel_[static_cast<std::size_t>(panel)]) * kDown;
}

void Elkan::relabel(std::int64_t local_row, std::int32_t label) {
  const auto row = static_cast<std::size_t>(local_row);
  const std::int32_t before = labels_[row];
  give(row, before, label);
  renew_group(row, panel_of_slot_[static_cast<std::size_t>(slot_of(before))]);
  upper_[row] = kInfinity;
}

}  // namespace coterie::inline clustering
