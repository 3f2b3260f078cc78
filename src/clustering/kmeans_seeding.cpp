#include "kmeans_seeding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "centroid_panels.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/dist/exact_scale.hpp"

namespace coterie {
namespace {

constexpr std::uint64_t kMostTrials = 24;  // one panel; k would have to exceed e^22

/// A row that one of the candidates would come nearer to.
struct Gain {
  std::int32_t row, trial;
  float squared;
};

class Seeding {
 public:
  Seeding(const LocalRows& rows, std::int64_t k, const Random& random);
  std::vector<float> choose();

 private:
  struct Scratch {
    std::vector<float> buffer, dots;
    std::vector<std::int32_t> looking;
    std::vector<const float*> pointers;
    std::vector<std::int64_t> saved;  // weight that each trial would take away
  };

  std::int64_t weight(float squared) const;
  std::vector<std::int64_t> draw(std::int64_t step) const;
  std::int64_t row_at(std::int64_t target) const;
  void measure(std::span<const float> candidates, int trials);
  void measure_block(std::int64_t number, int trials, std::span<const float> candidates, Scratch& scratch);
  std::int64_t elect(int trials);
  void accept(std::int64_t trial, std::span<const float> candidate);
  std::vector<float> rows_of(std::span<const std::int64_t> numbers) const;

  const LocalRows& rows_;
  std::int64_t columns_, k_;
  int trials_;
  const Random& random_;
  ExactScale scale_;
  std::vector<float> chosen_;          // rows chosen so far
  std::vector<float> closest_;         // per local row: squared distance to the nearest of them
  std::vector<std::int32_t> nearest_;  // and which that is
  std::vector<std::int64_t> block_weights_, rank_weights_;
  std::vector<std::vector<Gain>> gains_;  // per block, of the present step
  std::vector<Scratch> scratch_;
  std::vector<float> out_of_reach_;  // per chosen row: a row at most this far from it (squared) gains nothing
  CentroidPanels panel_;
};

float largest_squared(const LocalRows& rows) { return static_cast<float>(4.01 * rows.largest_spread()); }

Seeding::Seeding(const LocalRows& rows, std::int64_t k, const Random& random)
    : rows_(rows),
      columns_(rows.columns()),
      k_(k),
      trials_(2 + static_cast<int>(std::log(static_cast<double>(k)))),
      random_(random),
      scale_(largest_squared(rows), rows.total()),
      closest_(static_cast<std::size_t>(rows.count()), std::numeric_limits<float>::infinity()),
      nearest_(closest_.size()),
      block_weights_(static_cast<std::size_t>(rows.blocks())),
      rank_weights_(static_cast<std::size_t>(rows.communicator().size())),
      gains_(block_weights_.size()),
      scratch_(static_cast<std::size_t>(rows.pool().threads())),
      panel_(trials_, columns_) {
  for (auto& each : scratch_) {
    each.dots.resize(static_cast<std::size_t>(kBlockRows * kLanes * kMaxVectors));
    each.pointers.resize(static_cast<std::size_t>(kBlockRows));
  }
}

std::vector<float> Seeding::choose() {
  const std::int64_t first = random_.below(0, rows_.total());
  const auto start = rows_.row(first);
  // Every trial is the first row; the first of equal trials is elected.
  std::vector<float> same;
  for (int t = 0; t < trials_; ++t) same.insert(same.end(), start.begin(), start.end());
  measure(same, trials_);
  accept(elect(trials_), start);
  for (std::int64_t step = 1; step < k_; ++step) {
    const auto candidates = rows_of(draw(step));
    measure(candidates, trials_);
    const std::int64_t winner = elect(trials_);
    accept(
        winner,
        std::span(candidates).subspan(static_cast<std::size_t>(winner * columns_), static_cast<std::size_t>(columns_)));
  }
  return std::move(chosen_);
}

/// At least one step unless the distance is zero, so that no row but a duplicate is out of the draw.
std::int64_t Seeding::weight(float squared) const {
  if (squared == 0) return 0;
  return std::max(std::int64_t{1}, scale_.quantise(std::min(squared, largest_squared(rows_))));
}

std::vector<std::int64_t> Seeding::draw(std::int64_t step) const {
  const std::int64_t total = std::accumulate(rank_weights_.begin(), rank_weights_.end(), std::int64_t{0});
  require(total > 0, "k-means: k = {} but there are only {} distinct rows; ask for at most {} clusters", k_, step,
          step);
  const int me = rows_.communicator().rank();
  const std::int64_t before = std::accumulate(rank_weights_.begin(), rank_weights_.begin() + me, std::int64_t{0});
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(trials_), 0);
  for (std::size_t t = 0; t < numbers.size(); ++t) {
    const std::int64_t target = random_.below(static_cast<std::uint64_t>(step) * kMostTrials + t, total) - before;
    if (target >= 0 && target < rank_weights_[static_cast<std::size_t>(me)]) numbers[t] = row_at(target);
  }
  rows_.communicator().sum(std::span(numbers));  // one rank knows each; the others say zero
  return numbers;
}

/// The global number of the local row whose stretch of the prefix sums holds `target`.
std::int64_t Seeding::row_at(std::int64_t target) const {
  std::int64_t block = 0;
  while (target >= block_weights_[static_cast<std::size_t>(block)])
    target -= block_weights_[static_cast<std::size_t>(block++)];
  std::int64_t row = rows_.block(block).begin;
  while (true) {
    const std::int64_t here = weight(closest_[static_cast<std::size_t>(row)]);
    if (target < here) return rows_.range().begin + row;
    target -= here;
    ++row;
  }
}

std::vector<float> Seeding::rows_of(std::span<const std::int64_t> numbers) const {
  std::vector<float> all;
  const auto read = [&] {
    for (const auto number : numbers) {
      const auto row = rows_.row(number);
      all.insert(all.end(), row.begin(), row.end());
    }
  };
  rows_.communicator().together(read);
  return all;
}

void Seeding::measure(std::span<const float> candidates, int trials) {
  panel_.pack({candidates.data(), trials, columns_}, rows_.middle(), rows_.pool());
  out_of_reach_.clear();
  for (std::int64_t c = 0; c < static_cast<std::int64_t>(chosen_.size()) / columns_; ++c) {
    double nearest = std::numeric_limits<double>::infinity();
    for (int t = 0; t < trials; ++t)
      nearest = std::min(nearest,
                         squared_distance(chosen_.data() + c * columns_, candidates.data() + t * columns_, columns_));
    out_of_reach_.push_back(static_cast<float>(0.2499 * nearest));  // half the distance, squared
  }
  for (auto& each : scratch_) each.saved.assign(static_cast<std::size_t>(trials), 0);
  rows_.for_each_block([&](std::int64_t number, int worker) {
    measure_block(number, trials, candidates, scratch_[static_cast<std::size_t>(worker)]);
  });
}

void Seeding::measure_block(std::int64_t number, int trials, std::span<const float> candidates, Scratch& scratch) {
  const RowRange block = rows_.block(number);
  auto& gains = gains_[static_cast<std::size_t>(number)];
  gains.clear();
  scratch.looking.clear();
  for (std::int32_t i = 0; i < block.size(); ++i) {
    const auto row = static_cast<std::size_t>(block.begin + i);
    if (out_of_reach_.empty() || closest_[row] > out_of_reach_[static_cast<std::size_t>(nearest_[row])])
      scratch.looking.push_back(i);
  }
  if (scratch.looking.empty()) return;
  const float* values = rows_.values(block, scratch.buffer);
  for (std::size_t at = 0; at < scratch.looking.size(); ++at)
    scratch.pointers[at] = values + scratch.looking[at] * columns_;
  const int vectors = panel_.vectors(0);
  panel_dots(scratch.pointers.data(), static_cast<std::int64_t>(scratch.looking.size()), panel_.values(0), vectors,
             columns_, scratch.dots.data());
  const float* dots = scratch.dots.data();
  const float* biases = panel_.biases(0);
  for (const auto i : scratch.looking) {
    const auto row = static_cast<std::size_t>(block.begin + i);
    const float spread = rows_.spreads()[row], error = panel_.error(rows_.norms()[row], spread);
    for (int t = 0; t < trials; ++t) {
      float squared = spread + (biases[t] - 2 * dots[t]);
      if (!(squared < closest_[row])) continue;
      if (squared <= 4 * error)  // too near for float32 to tell it from an equal row
        squared =
            static_cast<float>(squared_distance(values + i * columns_, candidates.data() + t * columns_, columns_));
      if (!(squared < closest_[row])) continue;
      gains.push_back({i, t, squared});
      if (!out_of_reach_.empty()) scratch.saved[static_cast<std::size_t>(t)] += weight(closest_[row]) - weight(squared);
    }
    dots += vectors * kLanes;
  }
}

/// The trial that leaves the least weight; the same on every rank. Fills each rank's weight under it.
std::int64_t Seeding::elect(int trials) {
  const auto& comm = rows_.communicator();
  const auto ranks = static_cast<std::size_t>(comm.size()), me = static_cast<std::size_t>(comm.rank());
  const auto count = static_cast<std::size_t>(trials);
  std::vector<std::int64_t> left(ranks * count, 0), all(count, 0);
  for (std::size_t t = 0; t < count; ++t) {
    left[me * count + t] = rank_weights_[me];
    for (const auto& each : scratch_) left[me * count + t] -= each.saved[t];
  }
  if (chosen_.empty())  // nothing to save from yet: the first row's own weights
    for (const auto& gains : gains_)
      for (const auto& gain : gains) left[me * count + static_cast<std::size_t>(gain.trial)] += weight(gain.squared);
  comm.sum(std::span(left));
  for (std::size_t r = 0; r < ranks; ++r)
    for (std::size_t t = 0; t < count; ++t) all[t] += left[r * count + t];
  const auto winner = static_cast<std::size_t>(std::min_element(all.begin(), all.end()) - all.begin());
  for (std::size_t r = 0; r < ranks; ++r) rank_weights_[r] = left[r * count + winner];
  return static_cast<std::int64_t>(winner);
}

void Seeding::accept(std::int64_t trial, std::span<const float> candidate) {
  const auto number = static_cast<std::int32_t>(static_cast<std::int64_t>(chosen_.size()) / columns_);
  chosen_.insert(chosen_.end(), candidate.begin(), candidate.end());
  rows_.pool().for_each(rows_.blocks(), [&](std::int64_t b, int) {
    auto& sum = block_weights_[static_cast<std::size_t>(b)];
    for (const auto& gain : gains_[static_cast<std::size_t>(b)]) {
      if (gain.trial != trial) continue;
      const auto row = static_cast<std::size_t>(rows_.block(b).begin + gain.row);
      sum += weight(gain.squared) - (number == 0 ? 0 : weight(closest_[row]));
      closest_[row] = gain.squared;
      nearest_[row] = number;
    }
  });
}

}  // namespace

std::vector<float> seed_centroids(const LocalRows& rows, std::int64_t k, const Random& random) {
  return Seeding(rows, k, random).choose();
}

}  // namespace coterie
