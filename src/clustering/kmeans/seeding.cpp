#include "kmeans/seeding.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "kmeans/closest_chosen.hpp"

namespace coterie::inline clustering {
namespace {

constexpr std::uint64_t kMostTrials = 24;  // k would have to exceed e^22
constexpr std::int64_t kMostLanes = 240;   // of all starts that share a pass: ten of 24 candidates each
constexpr std::int64_t kStepsBetweenTries = 8;

/// A row that a candidate would come nearer to: of what block is known from where it is kept.
struct Gain {
  std::uint16_t row, lane;
  float squared;
};

/// One start: the rows that it has chosen, and how far all rows lie from them.
struct Start {
  const Random& random;
  std::vector<float> chosen;
  ClosestChosen closest;
  std::vector<std::int64_t> block_weights, rank_weights;  // sums of closest.weight()
  std::vector<float> out_of_reach;  // per chosen row: a row at most this far from it (squared) gains nothing
};

/// Some starts, in step. Their candidates are the lanes of shared panels: start s has lanes s * trials and on.
class PlusPlus {
 public:
  PlusPlus(const LocalRows& rows, const SeedingTask& task, std::span<const Random> starts);
  std::vector<std::vector<float>> choose(const ShareDone& on_share);

 private:
  struct Scratch {
    std::vector<float> buffer, dots;
    std::vector<std::int32_t> looking;
    std::vector<const float*> pointers;
    std::vector<std::int64_t> saved;  // weight that each lane would take away
    std::int64_t looked = 0, spared = 0;
  };

  std::vector<std::int64_t> draw(std::int64_t step);
  std::int64_t row_at(const Start& start, std::int64_t target) const;
  std::vector<float> rows_of(std::span<const std::int64_t> numbers) const;
  void measure(MatrixView<const float> candidates, std::int64_t step);
  void find_reach(MatrixView<const float> candidates, std::int64_t step);
  void look_at_panel(RowRange block, std::int64_t panel, MatrixView<const float> candidates, const float* values,
                     std::vector<Gain>& gains, Scratch& scratch);
  void list_lookers(RowRange block, std::int64_t panel, Scratch& scratch) const;
  void note_gains(RowRange block, std::int64_t panel, MatrixView<const float> candidates, const float* values,
                  std::vector<Gain>& gains, Scratch& scratch);
  std::vector<std::int64_t> elect();
  void accept(std::span<const std::int64_t> winners, MatrixView<const float> candidates, std::int64_t step);
  void sum_weights();
  std::int64_t distinct_rows(const Start& start) const;

  std::size_t lanes() const { return starts_.size() * static_cast<std::size_t>(trials_); }
  Start& start_of(std::int64_t lane) { return starts_[static_cast<std::size_t>(lane / trials_)]; }

  const LocalRows& rows_;
  std::int64_t columns_, k_, trials_;
  std::vector<Start> starts_;
  std::vector<std::vector<Gain>> gains_;  // per block, of the present step
  std::vector<Scratch> scratch_;
  CentroidPanels panels_;
  bool prunes_ = false;  // whether rows out of reach are looked for in this step
  double spared_share_ = 1;
  bool first_ = false;  // the step has one candidate for each start, the first lane's: the others are copies
};

std::int64_t trials_for(std::int64_t k) { return 2 + static_cast<std::int64_t>(std::log(static_cast<double>(k))); }

PlusPlus::PlusPlus(const LocalRows& rows, const SeedingTask& task, std::span<const Random> starts)
    : rows_(rows),
      columns_(rows.columns()),
      k_(task.k),
      trials_(trials_for(task.k)),
      gains_(static_cast<std::size_t>(rows.blocks())),
      scratch_(static_cast<std::size_t>(rows.pool().threads())),
      panels_(static_cast<std::int64_t>(starts.size()) * trials_, columns_) {
  ClosestChosen closest(rows, task.weights, task.total_weight > 0 ? task.total_weight : rows.total());
  if (task.chosen.rows > 0) closest.add(task.chosen);
  for (const auto& random : starts)
    starts_.push_back({random,
                       {task.chosen.data, task.chosen.data + task.chosen.size()},
                       closest,
                       std::vector<std::int64_t>(gains_.size()),
                       std::vector<std::int64_t>(static_cast<std::size_t>(rows.communicator().size())),
                       {}});
  for (auto& each : scratch_) {
    each.dots.resize(static_cast<std::size_t>(kBlockRows * kLanes * kMaxVectors));
    each.pointers.resize(static_cast<std::size_t>(kBlockRows));
  }
  sum_weights();
}

void PlusPlus::sum_weights() {
  const auto me = static_cast<std::size_t>(rows_.communicator().rank());
  const auto ranks = static_cast<std::size_t>(rows_.communicator().size());
  std::vector<std::int64_t> of_ranks(ranks * starts_.size());
  for (std::size_t s = 0; s < starts_.size(); ++s) {
    Start& start = starts_[s];
    for (std::int64_t b = 0; b < rows_.blocks(); ++b)
      for (std::int64_t row = rows_.block(b).begin; row < rows_.block(b).end; ++row)
        start.block_weights[static_cast<std::size_t>(b)] += start.closest.weight(static_cast<std::size_t>(row));
    of_ranks[s * ranks + me] = std::accumulate(start.block_weights.begin(), start.block_weights.end(), std::int64_t{0});
  }
  rows_.communicator().sum(std::span(of_ranks));
  for (std::size_t s = 0; s < starts_.size(); ++s)
    std::copy_n(of_ranks.begin() + static_cast<std::ptrdiff_t>(s * ranks), ranks, starts_[s].rank_weights.begin());
}

std::vector<std::vector<float>> PlusPlus::choose(const ShareDone& on_share) {
  for (auto step = static_cast<std::int64_t>(starts_.front().chosen.size()) / columns_; step < k_; ++step) {
    const auto values = rows_of(draw(step));
    const MatrixView<const float> candidates{values.data(), static_cast<std::int64_t>(lanes()), columns_};
    measure(candidates, step);
    accept(elect(), candidates, step);
    if (on_share) on_share(static_cast<double>(step + 1) / static_cast<double>(k_));
  }
  std::vector<std::vector<float>> all;
  for (auto& start : starts_) all.push_back(std::move(start.chosen));
  return all;
}

/// The global numbers of each lane's candidate. The first row of all has no rival: all trials are the same.
std::vector<std::int64_t> PlusPlus::draw(std::int64_t step) {
  const auto me = static_cast<std::ptrdiff_t>(rows_.communicator().rank());
  std::vector<std::int64_t> numbers(lanes(), 0);
  for (std::size_t lane = 0; lane < lanes(); ++lane) {
    const Start& start = start_of(static_cast<std::int64_t>(lane));
    const auto& weights = start.rank_weights;
    const std::int64_t total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
    if (total == 0) {
      const std::int64_t distinct = distinct_rows(start);
      throw InvalidArgument(fmt::format(
          "k-means: k = {} but there are only {} distinct rows; ask for at most {} clusters", k_, distinct, distinct));
    }
    const std::uint64_t trial = step == 0 ? 0 : lane % static_cast<std::uint64_t>(trials_);
    const std::int64_t before = std::accumulate(weights.begin(), weights.begin() + me, std::int64_t{0});
    const std::int64_t target =
        start.random.below(static_cast<std::uint64_t>(step) * kMostTrials + trial, total) - before;
    if (target >= 0 && target < weights[static_cast<std::size_t>(me)]) numbers[lane] = row_at(start, target);
  }
  rows_.communicator().sum(std::span(numbers));  // one rank knows each; the others say zero
  return numbers;
}

/// When every row lies on a chosen one: how many of these are used. Collective.
std::int64_t PlusPlus::distinct_rows(const Start& start) const {
  std::vector<std::int64_t> used(start.chosen.size() / static_cast<std::size_t>(columns_));
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows_.count()); ++row)
    used[static_cast<std::size_t>(start.closest.nearest(row))] = 1;
  rows_.communicator().max(std::span(used));
  return std::accumulate(used.begin(), used.end(), std::int64_t{0});
}

/// The global number of the local row whose stretch of the prefix sums holds `target`.
std::int64_t PlusPlus::row_at(const Start& start, std::int64_t target) const {
  std::int64_t block = 0;
  while (target >= start.block_weights[static_cast<std::size_t>(block)])
    target -= start.block_weights[static_cast<std::size_t>(block++)];
  std::int64_t row = rows_.block(block).begin;
  while (true) {
    const std::int64_t here = start.closest.weight(static_cast<std::size_t>(row));
    if (target < here) return rows_.range().begin + row;
    target -= here;
    ++row;
  }
}

std::vector<float> PlusPlus::rows_of(std::span<const std::int64_t> numbers) const {
  std::vector<float> all;
  all.reserve(numbers.size() * static_cast<std::size_t>(columns_));
  const auto read = [&] {
    for (const auto number : numbers) {
      const auto row = rows_.row(number);
      all.insert(all.end(), row.begin(), row.end());
    }
  };
  rows_.communicator().together(read);
  return all;
}

/// Fills gains_, and each lane's saving, from one pass over the rows.
void PlusPlus::measure(MatrixView<const float> candidates, std::int64_t step) {
  pack_from_hull(panels_, candidates, rows_);
  find_reach(candidates, step);
  for (auto& each : scratch_) {
    each.saved.assign(lanes(), 0);
    each.looked = each.spared = 0;
  }
  rows_.for_each_block([&](std::int64_t number, int worker) {
    Scratch& scratch = scratch_[static_cast<std::size_t>(worker)];
    const RowRange block = rows_.block(number);
    auto& gains = gains_[static_cast<std::size_t>(number)];
    gains.clear();
    const float* values = nullptr;
    for (std::int64_t p = 0; p < panels_.panels(); ++p) {
      list_lookers(block, p, scratch);
      if (scratch.looking.empty()) continue;
      if (!values) values = rows_.values(block, scratch.buffer);
      look_at_panel(block, p, candidates, values, gains, scratch);
    }
  });
  if (!prunes_) return;
  std::int64_t looked = 0, spared = 0;
  for (const auto& each : scratch_) looked += each.looked, spared += each.spared;
  spared_share_ = static_cast<double>(spared) / std::max(1.0, static_cast<double>(looked + spared));
}

/// How far a row may lie from its chosen row and still have no candidate of its start nearer: half their distance.
/// That costs a distance for each chosen row and candidate, so it is done while it spares more than that (this changes
/// no result, so each rank may see it its own way), and tried again now and then.
void PlusPlus::find_reach(MatrixView<const float> candidates, std::int64_t step) {
  const double worth = 2.0 * static_cast<double>(step) / std::max(1.0, static_cast<double>(rows_.count()));
  first_ = step == 0;
  prunes_ = step > 0 && (spared_share_ > worth || step % kStepsBetweenTries == 0);
  if (!prunes_) return;
  const float certain = 0.2499F * (1 - static_cast<float>(columns_ / 8 + 8) * 0x1p-23F);
  for (auto& start : starts_) start.out_of_reach.resize(static_cast<std::size_t>(step));
  rows_.pool().for_each(step, [&](std::int64_t c, int) {
    for (std::size_t s = 0; s < starts_.size(); ++s) {
      float nearest = std::numeric_limits<float>::infinity();
      for (std::int64_t t = 0; t < trials_; ++t)
        nearest = std::min(
            nearest, quick_squared_distance(starts_[s].chosen.data() + c * columns_,
                                            candidates.row(static_cast<std::int64_t>(s) * trials_ + t), columns_));
      starts_[s].out_of_reach[static_cast<std::size_t>(c)] = certain * nearest;
    }
  });
}

/// The rows of a block that a candidate of this panel might come nearer to. With its own error added to the distance, a
/// row that is left out would not have gained by the computed distance either.
void PlusPlus::list_lookers(RowRange block, std::int64_t panel, Scratch& scratch) const {
  scratch.looking.clear();
  if (!prunes_) {
    for (std::int32_t i = 0; i < block.size(); ++i) scratch.looking.push_back(i);
    return;
  }
  const auto first = static_cast<std::size_t>(panels_.members(panel).front() / trials_);
  const auto last = static_cast<std::size_t>(panels_.members(panel).back() / trials_);
  for (std::int32_t i = 0; i < block.size(); ++i) {
    const auto row = static_cast<std::size_t>(block.begin + i);
    const float error = 2 * panels_.error(rows_.norms()[row], rows_.spreads()[row]);
    for (std::size_t s = first; s <= last; ++s) {
      const Start& start = starts_[s];
      if (start.closest.squared(row) + error <=
          start.out_of_reach[static_cast<std::size_t>(start.closest.nearest(row))])
        continue;
      scratch.looking.push_back(i);
      break;
    }
  }
  scratch.looked += static_cast<std::int64_t>(scratch.looking.size());
  scratch.spared += block.size() - static_cast<std::int64_t>(scratch.looking.size());
}

void PlusPlus::look_at_panel(RowRange block, std::int64_t panel, MatrixView<const float> candidates,
                             const float* values, std::vector<Gain>& gains, Scratch& scratch) {
  for (std::size_t at = 0; at < scratch.looking.size(); ++at)
    scratch.pointers[at] = values + scratch.looking[at] * columns_;
  panel_dots(scratch.pointers.data(), static_cast<std::int64_t>(scratch.looking.size()), panels_.values(panel),
             panels_.vectors(panel), columns_, scratch.dots.data());
  note_gains(block, panel, candidates, values, gains, scratch);
}

void PlusPlus::note_gains(RowRange block, std::int64_t panel, MatrixView<const float> candidates, const float* values,
                          std::vector<Gain>& gains, Scratch& scratch) {
  const int vectors = panels_.vectors(panel);
  const auto members = panels_.members(panel);
  const float* dots = scratch.dots.data();
  const float* const biases = panels_.biases(panel);
  std::array<float, kMaxVectors * kLanes> limits{};
  for (const auto i : scratch.looking) {
    const auto row = static_cast<std::size_t>(block.begin + i);
    const float spread = rows_.spreads()[row], near = 4 * panels_.error(rows_.norms()[row], spread);
    for (std::size_t at = 0; at < members.size(); ++at)
      limits[at] = first_ && members[at] % trials_ != 0 ? 0 : start_of(members[at]).closest.squared(row);
    for (auto below = lanes_below(dots, biases, spread, limits.data(), vectors); below != 0; below &= below - 1) {
      const auto at = static_cast<std::size_t>(std::countr_zero(below));
      const auto lane = static_cast<std::size_t>(members[at]);
      float squared = spread + (biases[at] - 2 * dots[at]);
      if (squared <= near)  // too near for float32 to tell it from an equal row
        squared = static_cast<float>(squared_distance(values + i * columns_, candidates.row(members[at]), columns_));
      if (!(squared < limits[at])) continue;
      gains.push_back({static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(lane), squared});
      const ClosestChosen& closest = start_of(members[at]).closest;
      scratch.saved[lane] += closest.weight(row) - closest.weight(row, squared);
    }
    dots += vectors * kLanes;
  }
}

/// For each start the lane that leaves the least weight, the first among equals; the same on every rank. Fills each
/// rank's weight under it.
std::vector<std::int64_t> PlusPlus::elect() {
  const auto& comm = rows_.communicator();
  const auto ranks = static_cast<std::size_t>(comm.size()), me = static_cast<std::size_t>(comm.rank());
  std::vector<std::int64_t> left(ranks * lanes(), 0);
  for (std::size_t lane = 0; lane < lanes(); ++lane) {
    left[me * lanes() + lane] = start_of(static_cast<std::int64_t>(lane)).rank_weights[me];
    for (const auto& each : scratch_) left[me * lanes() + lane] -= each.saved[lane];
  }
  comm.sum(std::span(left));
  std::vector<std::int64_t> all(lanes(), 0), winners;
  for (std::size_t r = 0; r < ranks; ++r)
    for (std::size_t lane = 0; lane < lanes(); ++lane) all[lane] += left[r * lanes() + lane];
  for (auto first = all.begin(); first != all.end(); first += trials_) {
    const auto winner = (first_ ? first : std::min_element(first, first + trials_)) - all.begin();
    for (std::size_t r = 0; r < ranks; ++r)
      start_of(winner).rank_weights[r] = left[r * lanes() + static_cast<std::size_t>(winner)];
    winners.push_back(winner);
  }
  return winners;
}

void PlusPlus::accept(std::span<const std::int64_t> winners, MatrixView<const float> candidates, std::int64_t step) {
  for (const auto winner : winners) {
    auto& chosen = start_of(winner).chosen;
    chosen.insert(chosen.end(), candidates.row(winner), candidates.row(winner) + columns_);
  }
  rows_.pool().for_each(rows_.blocks(), [&](std::int64_t b, int) {
    for (const auto& gain : gains_[static_cast<std::size_t>(b)]) {
      if (winners[gain.lane / static_cast<std::size_t>(trials_)] != gain.lane) continue;
      Start& start = start_of(gain.lane);
      const auto row = static_cast<std::size_t>(rows_.block(b).begin + gain.row);
      start.block_weights[static_cast<std::size_t>(b)] +=
          start.closest.weight(row, gain.squared) - start.closest.weight(row);
      start.closest.set(row, gain.squared, static_cast<std::int32_t>(step));
    }
  });
}

}  // namespace

std::vector<std::vector<float>> plus_plus(const LocalRows& rows, const SeedingTask& task) {
  const std::int64_t trials = trials_for(task.k), widest = rows.communicator().max(rows.count());
  const std::int64_t bytes = 8 * std::max(std::int64_t{1}, widest) * (trials + 1);
  const std::int64_t most = std::min(kMostLanes / trials, task.memory_bytes / bytes);
  const auto at_once = static_cast<std::size_t>(std::max(std::int64_t{1}, most));
  std::vector<std::vector<float>> all;
  for (std::size_t first = 0; first < task.starts.size(); first += at_once) {
    const auto some = task.starts.subspan(first, std::min(at_once, task.starts.size() - first));
    const auto count = static_cast<double>(task.starts.size());
    const ShareDone part =
        part_of(task.on_share, static_cast<double>(first) / count, static_cast<double>(first + some.size()) / count);
    for (auto& each : PlusPlus(rows, task, some).choose(part)) all.push_back(std::move(each));
  }
  return all;
}

}  // namespace coterie::inline clustering
