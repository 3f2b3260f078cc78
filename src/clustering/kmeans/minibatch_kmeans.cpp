#include "coterie/clustering/minibatch_kmeans.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "kmeans/best_of_starts.hpp"
#include "kmeans/empty_clusters.hpp"
#include "kmeans/nearest_centroids.hpp"
#include "kmeans/parallel_seeding.hpp"
#include "kmeans/seeding.hpp"
#include "kmeans/starts_done.hpp"
#include "rows/nearest_two.hpp"
#include "rows/panel_kernel.hpp"

namespace coterie::inline clustering {
namespace {

// Draws of one start have the numbers of their places in its batches, one after the other; those of the sample that it
// is seeded from begin here.
constexpr std::uint64_t kFirstOfSample = std::uint64_t{1} << 62;
constexpr std::int64_t kRowsAtOnce = 64;                     // that a thread labels
constexpr double kStepsBetweenNewStarts = 10;                // in units of k rows seen
constexpr double kMostNewStarts = 0.5;                       // of a batch's rows
constexpr std::int64_t kAheadBytes = std::int64_t{1} << 20;  // of rows that are read together, for several steps
constexpr std::int64_t kMostAhead = 32;                      // steps
constexpr double kShareFlops = 1e5;  // of a step that is shared out: less takes no longer than a message does

void check(const RowSource& rows, const MiniBatchOptions& options, std::int64_t k) {
  require(k >= 1 && k <= rows.rows(), "k-means: k is {}, must be between 1 and the number of rows, {}", k, rows.rows());
  require(options.batch_rows >= 1, "k-means: batch_rows is {}, must be at least 1", options.batch_rows);
  require(options.n_init >= 1, "k-means: n_init is {}, must be at least 1", options.n_init);
  require(options.max_iter >= 1, "k-means: max_iter is {}, must be at least 1", options.max_iter);
  require(options.max_no_improvement >= 0, "k-means: max_no_improvement is {}, must not be negative",
          options.max_no_improvement);
  require(std::isfinite(options.tol) && options.tol >= 0, "k-means: tol is {}, must be finite and not negative",
          options.tol);
  require(std::isfinite(options.reassignment_ratio) && options.reassignment_ratio >= 0,
          "k-means: reassignment_ratio is {}, must be finite and not negative", options.reassignment_ratio);
}

/// Whether the smoothed inertia has stood still for long: scikit-learn's rule.
class Patience {
 public:
  Patience(const MiniBatchOptions& options, std::int64_t batch_rows, std::int64_t rows)
      : most_(options.max_no_improvement),
        share_(std::min(1.0, 2 * static_cast<double>(batch_rows) / (static_cast<double>(rows) + 1))) {}

  bool ends_after(double inertia) {
    ++steps_;
    if (steps_ == 1) return false;  // of the seeding, not of the steps
    smoothed_ = steps_ == 2 ? inertia : smoothed_ * (1 - share_) + inertia * share_;
    if (smoothed_ < least_) {
      least_ = smoothed_;
      in_vain_ = 0;
      return false;
    }
    return ++in_vain_ >= most_ && most_ > 0;
  }

 private:
  int most_;
  double share_;
  std::int64_t steps_ = 0;
  double smoothed_ = 0;
  double least_ = std::numeric_limits<double>::infinity();
  int in_vain_ = 0;
};

/// One start. All ranks hold the same batch and the same centroids, and name the nearest centroids of a share of it.
class Start {
 public:
  Start(const LocalRows& rows, const MiniBatchOptions& options, std::int64_t k, int number)
      : rows_(rows),
        options_(options),
        columns_(rows.columns()),
        k_(k),
        batch_rows_(std::min(options.batch_rows, rows.total())),
        number_(number),
        random_(options.seed, Purpose::mini_batch, static_cast<std::uint32_t>(number)),
        seen_(static_cast<std::size_t>(k), 0),
        ahead_(std::clamp(kAheadBytes / (4 * batch_rows_ * columns_), std::int64_t{1}, kMostAhead)) {}

  LloydRun run(const std::function<void(int step)>& after_step);

 private:
  struct Label {
    std::int64_t centroid;
    double squared;
  };

  std::vector<float> seed() const;
  std::vector<float> seed_from(const LocalRows& rows) const;
  void draw(std::int64_t step);
  std::vector<Label> label() const;
  double move(std::span<const Label> labels);
  double move_one(std::int64_t centroid, std::span<const std::int32_t> members);
  void start_anew();
  void finish(LloydRun& run) const;

  const LocalRows& rows_;
  const MiniBatchOptions& options_;
  std::int64_t columns_, k_, batch_rows_;
  int number_;
  Random random_;
  std::vector<float> centroids_;    // k x D
  std::vector<std::int64_t> seen_;  // rows, by each centroid
  double since_new_starts_ = 0;
  std::int64_t new_starts_ = 0;
  std::int64_t ahead_;                   // steps whose rows are gathered together
  std::vector<float> gathered_;          // what of them does not lie in memory elsewhere
  std::vector<const float*> drawn_;      // all their rows
  std::span<const float* const> batch_;  // those of the step
};

LloydRun Start::run(const std::function<void(int step)>& after_step) {
  centroids_ = seed();
  LloydRun run;
  const auto passes = static_cast<double>(options_.max_iter) * static_cast<double>(rows_.total());
  const auto steps = std::max(std::int64_t{1}, static_cast<std::int64_t>(passes / static_cast<double>(batch_rows_)));
  Patience patience(options_, batch_rows_, rows_.total());
  for (std::int64_t step = 0; step < std::min(steps, std::int64_t{std::numeric_limits<int>::max()}) && !run.converged;
       ++step) {
    draw(step);
    const auto labels = label();
    const double shift = move(labels);
    double inertia = 0;
    for (const auto& each : labels) inertia += each.squared;
    start_anew();
    ++run.n_iter;
    run.converged = (options_.tol > 0 && shift <= options_.tol * rows_.mean_variance()) ||
                    patience.ends_after(inertia / static_cast<double>(batch_rows_));
    after_step(run.n_iter);
  }
  finish(run);
  return run;
}

/// From a sample, where that holds enough distinct rows; else from all rows.
std::vector<float> Start::seed() const {
  const std::int64_t wanted = 3 * std::max(batch_rows_, k_);
  if (wanted >= rows_.total()) return seed_from(rows_);
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < wanted; ++i)
    numbers.push_back(random_.below(kFirstOfSample + static_cast<std::uint64_t>(i), rows_.total()));
  std::vector<float> gathered, values;
  std::vector<const float*> drawn;
  rows_.gather(numbers, gathered, drawn);
  for (const float* row : drawn) values.insert(values.end(), row, row + columns_);
  const MemoryRows sample({values.data(), wanted, columns_});
  try {
    return seed_from(LocalRows(sample, rows_.communicator(), rows_.pool(), 0));
  } catch (const InvalidArgument&) {  // on all ranks alike: fewer than k of the sample are distinct
    return seed_from(rows_);
  }
}

std::vector<float> Start::seed_from(const LocalRows& rows) const {
  if (options_.seeding == Seeding::parallel) return parallel_seeding(rows, k_, options_.seed, number_);
  const Random random(options_.seed, Purpose::kmeans_seeding, static_cast<std::uint32_t>(number_));
  return plus_plus(rows, {.k = k_, .starts = std::span(&random, 1)}).front();
}

void Start::draw(std::int64_t step) {
  if (step % ahead_ == 0) {
    std::vector<std::int64_t> numbers;
    for (std::int64_t place = step * batch_rows_; place < (step + ahead_) * batch_rows_; ++place)
      numbers.push_back(random_.below(static_cast<std::uint64_t>(place), rows_.total()));
    rows_.gather(numbers, gathered_, drawn_);
  }
  batch_ = std::span(drawn_).subspan(static_cast<std::size_t>(step % ahead_ * batch_rows_),
                                     static_cast<std::size_t>(batch_rows_));
}

/// Each rank labels a share of the batch, and all learn all labels; where that is little work, each labels all.
std::vector<Start::Label> Start::label() const {
  const double flops = 2.0 * static_cast<double>(batch_rows_ * k_) * static_cast<double>(columns_);
  const bool alone = rows_.communicator().size() == 1 || flops < kShareFlops;
  const RowPartition shares(batch_rows_, kRowsAtOnce, rows_.communicator().size());
  const RowRange mine = alone ? RowRange{0, batch_rows_} : shares.rows_of(rows_.communicator().rank());
  std::vector<Label> labels(static_cast<std::size_t>(batch_rows_));
  const NearestTwoFinder finder({centroids_.data(), k_, columns_}, rows_.middle(), rows_.pool());
  std::vector<NearestTwoFinder::Scratch> scratch(static_cast<std::size_t>(rows_.pool().threads()));
  const std::vector<float> zero(static_cast<std::size_t>(columns_));
  rows_.pool().for_each((mine.size() + kRowsAtOnce - 1) / kRowsAtOnce, [&](std::int64_t part, int worker) {
    const std::int64_t first = part * kRowsAtOnce, count = std::min(kRowsAtOnce, mine.size() - first);
    const auto rows = batch_.subspan(static_cast<std::size_t>(mine.begin + first), static_cast<std::size_t>(count));
    std::vector<float> norms, spreads;
    for (const float* row : rows) {
      spreads.push_back(static_cast<float>(squared_distance(row, rows_.middle(), columns_)));
      norms.push_back(static_cast<float>(std::sqrt(squared_distance(row, zero.data(), columns_)) * (1 + 0x1p-22)));
    }
    std::vector<NearestTwo> found(static_cast<std::size_t>(count));
    finder.find({rows, norms, spreads}, scratch[static_cast<std::size_t>(worker)], found);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto& one = found[static_cast<std::size_t>(i)];
      labels[static_cast<std::size_t>(mine.begin + first + i)] = {one.first, one.squared};
    }
  });
  if (alone) return labels;
  std::vector<std::int64_t> sizes;
  for (int rank = 0; rank < rows_.communicator().size(); ++rank) sizes.push_back(shares.rows_of(rank).size());
  rows_.communicator().gather_in_place(std::span(labels), sizes);
  return labels;
}

/// Sculley's update. Returns the sum of the squared shifts.
double Start::move(std::span<const Label> labels) {
  std::vector<std::vector<std::int32_t>> members(static_cast<std::size_t>(k_));
  for (std::size_t place = 0; place < labels.size(); ++place)
    members[static_cast<std::size_t>(labels[place].centroid)].push_back(static_cast<std::int32_t>(place));
  std::vector<double> squared(members.size(), 0.0);
  rows_.pool().for_each(k_, [&](std::int64_t c, int) {
    const auto& mine = members[static_cast<std::size_t>(c)];
    if (!mine.empty()) squared[static_cast<std::size_t>(c)] = move_one(c, mine);
  });
  return std::accumulate(squared.begin(), squared.end(), 0.0);
}

double Start::move_one(std::int64_t c, std::span<const std::int32_t> members) {
  float* const centroid = centroids_.data() + c * columns_;
  auto& seen = seen_[static_cast<std::size_t>(c)];
  std::vector<double> sum(static_cast<std::size_t>(columns_));
  for (std::size_t d = 0; d < sum.size(); ++d) sum[d] = static_cast<double>(seen) * static_cast<double>(centroid[d]);
  for (const auto place : members) {
    const float* const row = batch_[static_cast<std::size_t>(place)];
    for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += static_cast<double>(row[d]);
  }
  seen += static_cast<std::int64_t>(members.size());
  double squared = 0;
  for (std::size_t d = 0; d < sum.size(); ++d) {
    const auto moved = static_cast<float>(sum[d] / static_cast<double>(seen));
    const double by = static_cast<double>(moved) - static_cast<double>(centroid[d]);
    squared += by * by;
    centroid[d] = moved;
  }
  return squared;
}

/// Now and then, centroids that have seen few rows go to rows of the batch: its first ones, since all are drawn alike.
void Start::start_anew() {
  since_new_starts_ += static_cast<double>(batch_rows_);
  const bool unseen = std::find(seen_.begin(), seen_.end(), 0) != seen_.end();
  if (!unseen && since_new_starts_ < kStepsBetweenNewStarts * static_cast<double>(k_)) return;
  since_new_starts_ = 0;
  const auto largest = static_cast<double>(*std::max_element(seen_.begin(), seen_.end()));
  std::vector<std::size_t> by_seen(seen_.size());
  std::iota(by_seen.begin(), by_seen.end(), std::size_t{0});
  std::stable_sort(by_seen.begin(), by_seen.end(), [&](auto a, auto b) { return seen_[a] < seen_[b]; });
  const auto most = static_cast<std::size_t>(kMostNewStarts * static_cast<double>(batch_rows_));
  std::size_t count = 0;
  while (count < std::min(most, by_seen.size() - 1) &&
         static_cast<double>(seen_[by_seen[count]]) < options_.reassignment_ratio * largest)
    ++count;
  // As if they had seen as many rows as the least of the others: fewer would soon start anew again.
  const std::int64_t least = seen_[by_seen[count]];
  for (std::size_t n = 0; n < count; ++n) {
    std::copy_n(batch_[n], columns_, centroids_.begin() + static_cast<std::ptrdiff_t>(by_seen[n]) * columns_);
    seen_[by_seen[n]] = least;
  }
  new_starts_ += static_cast<std::int64_t>(count);
}

void Start::finish(LloydRun& run) const {
  run.centroids = centroids_;
  run.reseeded = new_starts_;
  const auto nearest = nearest_centroids(rows_, k_, KMeansBounds::none, 0);
  const auto failure = nearest->update({centroids_.data(), k_, columns_}, {}, [](std::span<const Move>, int) {});
  rows_.communicator().together([&] {
    if (failure) std::rethrow_exception(failure);
  });
  run.labels = nearest->take_labels();
  measure(rows_, run);
}

}  // namespace

KMeansResult minibatch_kmeans(const RowSource& rows, const MiniBatchOptions& options, const Communicator& comm,
                              ThreadPool& pool) {
  return minibatch_kmeans_sweep(rows, std::span(&options.k, 1), options, comm, pool).front();
}

double usual_steps(std::int64_t rows, const MiniBatchOptions& options) {
  const double pass = static_cast<double>(rows) / static_cast<double>(std::min(options.batch_rows, rows));
  return std::min(1.4 * pass + 60, std::max(1.0, options.max_iter * pass));
}

std::vector<KMeansResult> minibatch_kmeans_sweep(const RowSource& rows, std::span<const std::int64_t> ks,
                                                 const MiniBatchOptions& options, const Communicator& comm,
                                                 ThreadPool& pool) {
  for (const auto k : ks) check(rows, options, k);
  const LocalRows local(rows, comm, pool, options.memory_bytes);
  std::vector<KMeansResult> results;
  const PartsDone parts(options.on_share, {ks.begin(), ks.end()});
  for (const auto k : ks) {
    StartsDone done(parts.part(results.size()), options.n_init, usual_steps(rows.rows(), options), {});
    results.push_back(best_of_starts(
        local, k, options.n_init,
        [&](int start) {
          LloydRun run = Start(local, options, k, start).run([&](int step) { done.iteration(step); });
          done.end_start(run.n_iter);
          return run;
        },
        [&](LloydRun& best) { best.reseeded += move_empty_centroids(local, best); }));
  }
  return results;
}

}  // namespace coterie::inline clustering
