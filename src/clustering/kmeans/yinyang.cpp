#include "kmeans/yinyang.hpp"

#include <algorithm>
#include <limits>

#include "rows/outward.hpp"

namespace coterie::inline clustering {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr auto kBlock = static_cast<std::size_t>(kBlockRows);

}  // namespace

/// What one worker knows of the block in hand; indices count rows within the block.
struct Yinyang::Scratch : BlockInHand {
  struct Best {
    float score = kInfinity, runner_up = kInfinity;  // over all panels looked at
    float second_in_group = kInfinity;               // beside the best, in its own group
    std::int32_t group = -1, centroid = -1;
  };
  struct Two {
    float first = kInfinity, second = kInfinity;  // the smallest scores in the group in hand
    std::int32_t centroid = -1;
  };
  std::vector<std::int32_t> looking;  // doubtful rows that look at a group
  std::vector<const float*> pointers = std::vector<const float*>(kBlock);
  std::vector<float> dots = std::vector<float>(kBlock * kLanes * kMaxVectors);
  std::vector<float> nearest_other = std::vector<float>(kBlock);  // the smallest lower bound
  std::vector<float> own = std::vector<float>(kBlock);            // quick squared distance to the present centroid
  std::vector<Best> best = std::vector<Best>(kBlock);
  std::vector<Two> in_group = std::vector<Two>(kBlock);
  std::vector<float> panel_scores;  // panels x block: the best of each panel, infinite if not looked at
  std::vector<Move> moves;
};

std::int64_t Yinyang::numbers_per_row(std::int64_t groups) { return groups + 2; }

Yinyang::Yinyang(const LocalRows& rows, std::int64_t centroids, std::int64_t most_groups)
    : NearestCentroids(rows),
      bounds_(most_groups > 0),
      own_error_(static_cast<float>(columns_ / 8 + 12) * 0x1p-24F),
      panels_(centroids, rows.columns()),
      groups_(std::clamp(most_groups, std::int64_t{1}, panels_.panels())),
      group_drifts_(static_cast<std::size_t>(groups_)),
      scratch_(static_cast<std::size_t>(rows.pool().threads())) {
  for (std::int64_t g = 0; g < groups_; ++g)
    group_of_.resize(static_cast<std::size_t>((g + 1) * panels_.panels() / groups_), g);
  if (bounds_) {
    upper_.resize(labels_.size());
    lower_.resize(labels_.size() * group_drifts_.size());
  }
  for (auto& each : scratch_) each.panel_scores.resize(static_cast<std::size_t>(panels_.panels()) * kBlock);
}

Yinyang::~Yinyang() = default;

std::exception_ptr Yinyang::update(MatrixView<const float> centroids, std::span<const double> drifts,
                                   const TakeMoves& moved) {
  // Means tell more of who neighbours whom than the rows that they started from, so the second pass groups again.
  const bool regroup = passes_ < 2 && panels_.panels() > 1;
  dense_ = !bounds_ || passes_ == 0 || regroup;
  ++passes_;
  centroids_ = centroids;
  if (regroup) panels_.group(centroids);
  panels_.pack(centroids, rows_.middle(), rows_.pool());
  if (!dense_) {
    drifts_.assign(drifts.size(), 0.0F);
    std::fill(group_drifts_.begin(), group_drifts_.end(), 0.0F);
    for (std::size_t c = 0; c < drifts.size(); ++c) {
      drifts_[c] = static_cast<float>(drifts[c]) * kUp;
      float& of_group = group_drifts_[static_cast<std::size_t>(group_of(static_cast<std::int32_t>(c)))];
      of_group = std::max(of_group, drifts_[c]);
    }
  }
  return rows_.try_each_block([&](std::int64_t number, int worker) {
    Scratch& scratch = scratch_[static_cast<std::size_t>(worker)];
    visit(rows_.block(number), scratch);
    if (!scratch.moves.empty()) moved(scratch.moves, worker);
  });
}

void Yinyang::relabel(std::int64_t local_row, std::int32_t label) {
  labels_[static_cast<std::size_t>(local_row)] = label;
  if (!bounds_) return;
  upper_[static_cast<std::size_t>(local_row)] = kInfinity;
  const std::int64_t first = local_row - local_row % kBlockRows;
  const RowRange block{first, std::min(first + kBlockRows, rows_.count())};
  for (std::int64_t g = 0; g < groups_; ++g) lower(block, g)[local_row - first] = 0;
}

// Group-major inside a block, so that a pass over one group's bounds runs through adjacent rows.
float* Yinyang::lower(RowRange block, std::int64_t group) {
  return lower_.data() + block.begin * groups_ + group * block.size();
}

void Yinyang::visit(RowRange block, Scratch& scratch) {
  scratch.moves.clear();
  scratch.doubtful.clear();
  if (dense_) {
    for (std::int32_t i = 0; i < block.size(); ++i) scratch.doubtful.push_back(i);
  } else {
    loosen(block, scratch);
  }
  examine_doubtful(block, scratch, !dense_, [&] { examine(block, scratch); });
}

/// Lets doubtful rows look at what they must.
void Yinyang::examine(RowRange block, Scratch& scratch) {
  if (!dense_) tighten(block, scratch);
  for (const auto i : scratch.doubtful) scratch.best[static_cast<std::size_t>(i)] = {};
  for (std::int64_t g = 0, first = 0; g < groups_; ++g) first = scan_group(block, g, first, scratch);
  for (const auto i : scratch.doubtful) decide(block, i, scratch);
}

/// The values in hand: how far the row may be from them, their squared distance to the middle, the error of a score.
Yinyang::InHand Yinyang::in_hand(std::size_t row, const Scratch& scratch) const {
  const float norm = rows_.norms()[row];
  if (scratch.exact) return {0, rows_.spreads()[row], panels_.error(norm, rows_.spreads()[row])};
  const auto local = static_cast<std::int64_t>(row);
  const float off = rows_.half().error(local), spread = rows_.half().spread(local);
  return {off, spread, panels_.error((norm + off) * kUp, spread)};
}

/// Widens the bounds by how far the centroids moved, and lists the rows that they no longer prove.
void Yinyang::loosen(RowRange block, Scratch& scratch) {
  float* const nearest = scratch.nearest_other.data();
  float* const upper = upper_.data() + block.begin;
  const std::int32_t* const label = labels_.data() + block.begin;
  const std::int64_t count = block.size();
  std::fill_n(nearest, count, kInfinity);
  for (std::int64_t g = 0; g < groups_; ++g) {
    float* const bound = lower(block, g);
    const float drift = group_drifts_[static_cast<std::size_t>(g)];
    for (std::int64_t i = 0; i < count; ++i) {
      const float loose = bound[i] * kDown - drift;
      bound[i] = loose;
      nearest[i] = loose < nearest[i] ? loose : nearest[i];
    }
  }
  for (std::int32_t i = 0; i < count; ++i) {
    upper[i] = (upper[i] + drifts_[static_cast<std::size_t>(label[i])]) * kUp;
    if (!(upper[i] < nearest[i])) scratch.doubtful.push_back(i);
  }
}

/// Measures the distance of doubtful rows to their own centroid; often that is proof enough.
void Yinyang::tighten(RowRange block, Scratch& scratch) {
  auto& doubtful = scratch.doubtful;
  std::size_t kept = 0;
  for (std::size_t n = 0; n < doubtful.size(); ++n) {
    if (n + 2 < doubtful.size()) prefetch_row(scratch.rows + doubtful[n + 2] * columns_, columns_);
    const std::int32_t i = doubtful[n];
    const auto at = static_cast<std::size_t>(i), row = static_cast<std::size_t>(block.begin + i);
    scratch.own[at] = quick_squared_distance(scratch.rows + i * columns_, centroids_.row(labels_[row]), columns_);
    const float off = scratch.exact ? 0 : rows_.half().error(block.begin + i);
    upper_[row] = (upper_bound(scratch.own[at] * (1 + own_error_) + kTiny) + off) * kUp;
    if (!(upper_[row] < scratch.nearest_other[at])) doubtful[kept++] = i;
  }
  doubtful.resize(kept);
}

/// Lets the rows that need it look at the panels of one group, from `panel` on; returns the next group's first.
std::int64_t Yinyang::scan_group(RowRange block, std::int64_t group, std::int64_t panel, Scratch& scratch) {
  float* const bound = bounds_ ? lower(block, group) : nullptr;
  scratch.looking.clear();
  for (const auto i : scratch.doubtful) {
    if (!dense_ && upper_[static_cast<std::size_t>(block.begin + i)] < bound[i]) continue;
    scratch.pointers[scratch.looking.size()] = scratch.rows + i * columns_;
    scratch.in_group[static_cast<std::size_t>(i)] = {};
    scratch.looking.push_back(i);
  }
  for (; panel < panels_.panels() && group_of_[static_cast<std::size_t>(panel)] == group; ++panel)
    scan_panel(panel, scratch);
  for (const auto i : scratch.looking) {
    auto& best = scratch.best[static_cast<std::size_t>(i)];
    const auto& [score, second, centroid] = scratch.in_group[static_cast<std::size_t>(i)];
    if (score < best.score) {
      best = {score, std::min(best.score, second), second, static_cast<std::int32_t>(group), centroid};
    } else {
      best.runner_up = std::min(best.runner_up, score);
    }
    if (!bounds_) continue;
    const auto [off, spread, error] = in_hand(static_cast<std::size_t>(block.begin + i), scratch);
    bound[i] = (lower_bound(spread + score - error) - off) * kDown;
  }
  return panel;
}

void Yinyang::scan_panel(std::int64_t panel, Scratch& scratch) {
  float* const scores = scratch.panel_scores.data() + panel * kBlockRows;
  for (const auto i : scratch.doubtful) scores[i] = kInfinity;
  const int vectors = panels_.vectors(panel);
  panel_dots(scratch.pointers.data(), static_cast<std::int64_t>(scratch.looking.size()), panels_.values(panel), vectors,
             columns_, scratch.dots.data());
  const auto members = panels_.members(panel);
  const float* dots = scratch.dots.data();
  for (const auto i : scratch.looking) {
    const auto [score, second, lane] = lane_minimum(dots, panels_.biases(panel), vectors);
    dots += vectors * kLanes;
    scores[i] = score;
    auto& two = scratch.in_group[static_cast<std::size_t>(i)];
    if (score < two.first) {
      two = {score, std::min(two.first, second), members[static_cast<std::size_t>(lane)]};
    } else {
      two.second = std::min(two.second, score);
    }
  }
}

/// Names the nearest centroid of a row that has looked at its panels, and renews its bounds.
void Yinyang::decide(RowRange block, std::int64_t i, Scratch& scratch) {
  const auto at = static_cast<std::size_t>(i), row = static_cast<std::size_t>(block.begin + i);
  const auto [off, spread, score_error] = in_hand(row, scratch);
  float error = score_error;
  const std::int32_t before = labels_[row];
  auto best = scratch.best[at];
  const std::int64_t own_panel = before < 0 ? -1 : panels_.panel_of(before);
  const bool own_apart =
      !dense_ && scratch.panel_scores[static_cast<std::size_t>(own_panel) * kBlock + at] == kInfinity;
  if (own_apart) {
    const float own_score = scratch.own[at] - spread;
    error += scratch.own[at] * own_error_;
    if (own_score < best.score) {
      best = {own_score, best.score, kInfinity, -1, before};
    } else {
      best.runner_up = std::min(best.runner_up, own_score);
    }
  }
  if (!scratch.exact) {
    const bool proven = lower_bound(spread + best.runner_up - error) - off >
                        (upper_bound(std::max(0.0F, spread + best.score + error)) + off) * kUp * kUp;
    if (!proven || best.centroid != before) {
      scratch.again.push_back(static_cast<std::int32_t>(i));
    } else if (best.group >= 0) {
      lower(block, best.group)[i] = (lower_bound(spread + best.second_in_group - error) - off) * kDown;
    }
    return;
  }
  // Two errors, one on each side, and room for the rounding of this comparison itself.
  const float limit = best.score + 3 * error;
  const std::int32_t after = best.runner_up <= limit ? settle(block, i, limit, scratch) : best.centroid;
  if (after != before) {
    scratch.moves.push_back({scratch.rows + i * columns_, before, after});
    labels_[row] = after;
  }
  if (!bounds_) return;
  if (best.group >= 0 && after == best.centroid)
    lower(block, best.group)[i] = lower_bound(spread + best.second_in_group - error);
  if (dense_ || after != before) upper_[row] = upper_bound(std::max(0.0F, spread + best.score + 4 * error));
  if (own_apart && after != before) {
    float& bound = lower(block, group_of(before))[i];
    bound = std::min(bound, lower_bound(scratch.own[at] * (1 - own_error_) - kTiny));
  }
}

/// Decides among near equals by the definition.
std::int32_t Yinyang::settle(RowRange block, std::int64_t i, float limit, const Scratch& scratch) const {
  const float* const row = scratch.rows + i * columns_;
  const std::int32_t own = labels_[static_cast<std::size_t>(block.begin + i)];
  double least =
      dense_ ? std::numeric_limits<double>::infinity() : squared_distance(row, centroids_.row(own), columns_);
  std::int32_t nearest = dense_ ? std::numeric_limits<std::int32_t>::max() : own;
  for (std::int64_t p = 0; p < panels_.panels(); ++p) {
    if (!(scratch.panel_scores[static_cast<std::size_t>(p * kBlockRows + i)] <= limit)) continue;
    for (const auto centroid : panels_.members(p)) {
      const double distance = squared_distance(row, centroids_.row(centroid), columns_);
      if (distance < least || (distance == least && centroid < nearest)) least = distance, nearest = centroid;
    }
  }
  return nearest;
}

}  // namespace coterie::inline clustering
