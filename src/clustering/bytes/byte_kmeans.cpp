#include "coterie/clustering/byte_kmeans.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "bytes/byte_panels.hpp"
#include "bytes/byte_seeding.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kBlock = 128;  // rows that compete together: 32 KiB as 16-bit numbers
constexpr std::int64_t kTask = 16 * kBlock;
constexpr double kUnit = 1.0 / static_cast<double>(kCentroidUnits * kCentroidUnits);  // of a squared distance

void check(const ByteRows& rows, const ByteKMeansOptions& options, std::int64_t trained) {
  require(rows.columns() >= 1 && rows.columns() <= kMostByteColumns,
          "descriptors have {} numbers, at most {} are taken", rows.columns(), kMostByteColumns);
  require(options.k >= 1, "{} words are asked for, at least 1 is needed", options.k);
  require(options.k <= trained, "{} words are asked for, of only {} descriptors", options.k, trained);
  require(options.max_iter >= 1, "max_iter is {}, must be at least 1", options.max_iter);
  require(std::isfinite(options.tol) && options.tol >= 0, "tol is {}, must be finite and not negative", options.tol);
  const auto& sample = options.sample;
  require(std::adjacent_find(sample.begin(), sample.end(), std::greater_equal<>()) == sample.end() &&
              (sample.empty() || (sample.front() >= 0 && sample.back() < rows.rows())),
          "the sample's row numbers do not ascend within the {} rows", rows.rows());
}

// Sums that are exact whatever their number: the upper and the lower part of each term apart.
struct WideSum {
  static constexpr int kShift = 24;
  std::int64_t high = 0, low = 0;
  void add(std::int64_t value) {
    high += value >> kShift;
    low += value & ((std::int64_t{1} << kShift) - 1);
  }
  double value() const { return std::ldexp(static_cast<double>(high), kShift) + static_cast<double>(low); }
};

// Sums and counts of the rows of each cluster; of all threads, then of all ranks, in one message.
class Totals {
 public:
  Totals(std::int64_t k, std::int64_t columns)
      : k_(k), columns_(columns), numbers_(static_cast<std::size_t>(k * columns + k + kOthers)) {}

  void clear() { std::fill(numbers_.begin(), numbers_.end(), 0); }

  void add(const std::uint8_t* row, std::int32_t label, bool moved) {
    std::int64_t* sums = numbers_.data() + label * columns_;
    for (std::int64_t d = 0; d < columns_; ++d) sums[d] += row[d];
    ++numbers_[static_cast<std::size_t>(k_ * columns_ + label)];
    moved_() += moved ? 1 : 0;
  }
  void add_inertia(const WideSum& inertia) {
    other(1) += inertia.high;
    other(2) += inertia.low;
  }
  void add(const Totals& others) {
    for (std::size_t i = 0; i < numbers_.size(); ++i) numbers_[i] += others.numbers_[i];
  }
  void sum_over(const Communicator& comm) { comm.sum(std::span(numbers_)); }

  const std::int64_t* sums(std::int64_t cluster) const { return numbers_.data() + cluster * columns_; }
  std::int64_t size(std::int64_t cluster) const { return numbers_[static_cast<std::size_t>(k_ * columns_ + cluster)]; }
  std::int64_t moved() const { return numbers_[static_cast<std::size_t>(k_ * (columns_ + 1))]; }
  double inertia() const {
    const auto first = static_cast<std::size_t>(k_ * (columns_ + 1));
    return WideSum{numbers_[first + 1], numbers_[first + 2]}.value() * kUnit;
  }

 private:
  static constexpr std::int64_t kOthers = 3;
  std::int64_t& other(std::int64_t i) { return numbers_[static_cast<std::size_t>(k_ * (columns_ + 1) + i)]; }
  std::int64_t& moved_() { return other(0); }

  std::int64_t k_, columns_;
  std::vector<std::int64_t> numbers_;
};

// The mean in units, halves up.
std::int16_t mean_of(std::int64_t sum, std::int64_t count) {
  return static_cast<std::int16_t>((2 * kCentroidUnits * sum + count) / (2 * count));
}

// One k-means: the rows of this rank, and the centroids that all ranks have.
class ByteKMeans {
 public:
  ByteKMeans(const ByteRows& rows, const ByteKMeansOptions& options, const Communicator& comm, ThreadPool& pool)
      : rows_(rows), options_(options), comm_(comm), pool_(pool), k_(options.k), columns_(rows.columns()) {
    numbers_ = options.sample;
    if (numbers_.empty()) {
      numbers_.resize(static_cast<std::size_t>(rows.rows()));
      std::iota(numbers_.begin(), numbers_.end(), 0);
    }
    check(rows, options, std::ssize(numbers_));
    for (int t = 0; t < pool.threads(); ++t) totals_.emplace_back(k_, columns_);
  }

  ByteKMeansResult run() {
    result_ = {.k = k_, .columns = columns_, .centroids = seed()};
    options_.batch_rows > 0 ? run_batches() : run_lloyd();
    return std::move(result_);
  }

 private:
  std::vector<std::int16_t> seed() const {
    const std::int64_t all = std::ssize(numbers_);
    // In published order the first batch alone is known when the centroids are chosen.
    const std::int64_t known = options_.batches_in_order ? std::min(all, options_.batch_rows) : all;
    const std::int64_t wanted = std::min(known, k_ <= 10'000 ? 64 * k_ : 3 * k_);
    std::vector<std::int64_t> drawn = stratified_sample(known, wanted, options_.seed);
    for (auto& number : drawn) number = numbers_[static_cast<std::size_t>(number)];
    return byte_plus_plus(rows_, drawn, k_, options_.seed, comm_, pool_);
  }

  // Labels and sums `count` rows; labels in and out, and squared distances where asked for.
  void pass(const std::uint8_t* rows, std::int64_t count, std::int32_t* labels, std::int64_t* squared) {
    const NearestByteCentroid nearest(result_.centroids, k_, columns_);
    for (auto& totals : totals_) totals.clear();
    pool_.for_each((count + kTask - 1) / kTask, [&](std::int64_t task, int worker) {
      const std::int64_t begin = task * kTask, size = std::min(kTask, count - begin);
      std::array<std::int32_t, kTask> found;
      std::array<std::int64_t, kTask> apart;
      nearest.find(rows + begin * columns_, size, found.data(), apart.data());
      Totals& totals = totals_[static_cast<std::size_t>(worker)];
      WideSum inertia;
      for (std::int64_t i = 0; i < size; ++i) {
        const auto place = static_cast<std::size_t>(i);
        totals.add(rows + (begin + i) * columns_, found[place], found[place] != labels[begin + i]);
        labels[begin + i] = found[place];
        if (squared != nullptr) squared[begin + i] = apart[place];
        inertia.add(apart[place]);
      }
      totals.add_inertia(inertia);
    });
    for (std::size_t t = 1; t < totals_.size(); ++t) totals_[0].add(totals_[t]);
    totals_[0].sum_over(comm_);
  }

  void run_lloyd() {
    mine_ = RowPartition(std::ssize(numbers_), 1, comm_.size()).rows_of(comm_.rank());
    std::vector<std::uint8_t> rows;
    comm_.together([&] {
      rows = read_byte_rows(rows_, std::span(numbers_).subspan(static_cast<std::size_t>(mine_.begin),
                                                               static_cast<std::size_t>(mine_.size())));
    });
    std::vector<std::int32_t> labels(static_cast<std::size_t>(mine_.size()), -1);
    std::vector<std::int64_t> squared(labels.size());
    const double tolerance = options_.tol * mean_variance(rows);
    bool settled = false;  // the centroids, whose last pass is for sizes and inertia
    while (true) {
      pass(rows.data(), mine_.size(), labels.data(), squared.data());
      const Totals& totals = totals_[0];
      ++result_.n_iter;
      note(totals);
      result_.converged = settled || totals.moved() == 0;
      if (result_.converged || result_.n_iter >= options_.max_iter) return;
      settled = move(totals, squared) <= tolerance;
    }
  }

  void note(const Totals& totals) {
    result_.sizes.resize(static_cast<std::size_t>(k_));
    for (std::int64_t c = 0; c < k_; ++c) result_.sizes[static_cast<std::size_t>(c)] = totals.size(c);
    result_.inertia = totals.inertia();
    if (options_.on_iteration) options_.on_iteration(result_.n_iter, result_.inertia);
  }

  // Sets each centroid to the mean of its rows; the sum of the squared shifts, or infinity where a cluster was empty.
  double move(const Totals& totals, const std::vector<std::int64_t>& squared) {
    std::int64_t shift = 0;  // at most k D 2^30
    std::vector<std::int64_t> empty;
    for (std::int64_t c = 0; c < k_; ++c) {
      if (totals.size(c) == 0) {
        empty.push_back(c);
        continue;
      }
      shift += set_centroid(c, totals.sums(c), totals.size(c));
    }
    if (empty.empty()) return static_cast<double>(shift) * kUnit;
    fill(empty, squared);
    return std::numeric_limits<double>::infinity();
  }

  std::int64_t set_centroid(std::int64_t c, const std::int64_t* sums, std::int64_t count) {
    std::int64_t shift = 0;
    for (std::int64_t d = 0; d < columns_; ++d) {
      auto& value = result_.centroids[static_cast<std::size_t>(c * columns_ + d)];
      const std::int16_t mean = mean_of(sums[d], count);
      const std::int64_t moved = std::int64_t{mean} - value;
      shift += moved * moved;
      value = mean;
    }
    return shift;
  }

  // Gives each empty cluster the farthest row that no other took.
  void fill(const std::vector<std::int64_t>& empty, const std::vector<std::int64_t>& squared) {
    struct Far {
      std::int64_t squared, row;
      bool operator<(const Far& other) const {
        return squared != other.squared ? squared > other.squared : row < other.row;
      }
    };
    std::vector<Far> far;
    for (std::size_t i = 0; i < squared.size(); ++i)
      far.push_back({squared[i], numbers_[static_cast<std::size_t>(mine_.begin) + i]});
    const auto wanted = std::min(far.size(), empty.size());
    std::partial_sort(far.begin(), far.begin() + static_cast<std::ptrdiff_t>(wanted), far.end());
    far.resize(wanted);
    far = comm_.gather_all(std::span<const Far>(far));
    std::sort(far.begin(), far.end());
    std::vector<std::uint8_t> row(static_cast<std::size_t>(columns_));
    for (std::size_t i = 0; i < std::min(empty.size(), far.size()); ++i) {
      comm_.together([&] { rows_.read({far[i].row, far[i].row + 1}, row.data()); });
      for (std::size_t d = 0; d < row.size(); ++d)
        result_.centroids[static_cast<std::size_t>(empty[i] * columns_) + d] =
            static_cast<std::int16_t>(row[d] * kCentroidUnits);
      ++result_.reseeded;
    }
  }

  // Of the columns over all ranks' rows, from exact sums.
  double mean_variance(const std::vector<std::uint8_t>& rows) const {
    std::vector<std::int64_t> sums(static_cast<std::size_t>(2 * columns_ + 1));
    const auto d = static_cast<std::size_t>(columns_);
    for (std::size_t row = 0; row < rows.size(); row += d)
      for (std::size_t c = 0; c < d; ++c) {
        const std::int64_t value = rows[row + c];
        sums[c] += value;
        sums[d + c] += value * value;
      }
    sums.back() = mine_.size();
    comm_.sum(std::span(sums));
    double variance = 0;
    const auto n = static_cast<double>(sums.back());
    for (std::size_t c = 0; c < d; ++c) {
      const double mean = static_cast<double>(sums[c]) / n;
      variance += static_cast<double>(sums[d + c]) / n - mean * mean;
    }
    return variance / static_cast<double>(columns_);
  }

  std::vector<std::int64_t> batch_numbers(std::int64_t step, std::int64_t size) const {
    std::vector<std::int64_t> batch;
    const Random random(options_.seed, Purpose::codebook_batches);
    for (std::int64_t i = 0; i < size; ++i) {
      const std::int64_t place = options_.batches_in_order
                                     ? step * size + i
                                     : random.below(static_cast<std::uint64_t>(step * size + i), std::ssize(numbers_));
      if (place < std::ssize(numbers_)) batch.push_back(numbers_[static_cast<std::size_t>(place)]);
    }
    std::sort(batch.begin(), batch.end());
    return batch;
  }

  void run_batches() {
    const std::int64_t all = std::ssize(numbers_), size = std::min(options_.batch_rows, all);
    const std::int64_t most =
        options_.batches > 0 ? options_.batches : std::max<std::int64_t>(1, options_.max_iter * all / size);
    std::vector<std::int64_t> sums(static_cast<std::size_t>(k_ * columns_)), counts(static_cast<std::size_t>(k_));
    // scikit-learn's smoothing of the inertia (MiniBatchKMeans, _mini_batch_convergence).
    const double weight = std::min(1.0, 2.0 * static_cast<double>(size) / static_cast<double>(all + 1));
    double smoothed = -1, least = std::numeric_limits<double>::infinity();
    int worse = 0;
    for (std::int64_t step = 0; step < most; ++step) {
      step_of(step, size, sums, counts);
      const double inertia = result_.inertia / static_cast<double>(size);
      smoothed = smoothed < 0 ? inertia : smoothed * (1 - weight) + inertia * weight;
      worse = smoothed < least ? 0 : worse + 1;
      least = std::min(least, smoothed);
      result_.converged = options_.batches == 0 && worse >= options_.max_no_improvement;
      if (result_.converged) break;
    }
    result_.sizes = counts;
  }

  void step_of(std::int64_t step, std::int64_t size, std::vector<std::int64_t>& sums,
               std::vector<std::int64_t>& counts) {
    const std::vector<std::int64_t> batch = batch_numbers(step, size);
    const RowRange mine = RowPartition(std::ssize(batch), 1, comm_.size()).rows_of(comm_.rank());
    std::vector<std::uint8_t> rows;
    comm_.together([&] {
      rows.clear();
      std::vector<std::uint8_t> row(static_cast<std::size_t>(columns_));
      for (std::int64_t i = mine.begin; i < mine.end; ++i) {  // drawn with replacement: a number may come twice
        const std::int64_t number = batch[static_cast<std::size_t>(i)];
        rows_.read({number, number + 1}, row.data());
        rows.insert(rows.end(), row.begin(), row.end());
      }
    });
    std::vector<std::int32_t> labels(static_cast<std::size_t>(mine.size()), -1);
    pass(rows.data(), mine.size(), labels.data(), nullptr);
    ++result_.n_iter;
    note(totals_[0]);
    for (std::int64_t c = 0; c < k_; ++c) {
      if (totals_[0].size(c) == 0) continue;
      std::int64_t* sum = sums.data() + c * columns_;
      for (std::int64_t d = 0; d < columns_; ++d) sum[d] += totals_[0].sums(c)[d];
      counts[static_cast<std::size_t>(c)] += totals_[0].size(c);
      set_centroid(c, sum, counts[static_cast<std::size_t>(c)]);
    }
  }

  const ByteRows& rows_;
  const ByteKMeansOptions& options_;
  const Communicator& comm_;
  ThreadPool& pool_;
  const std::int64_t k_, columns_;
  std::vector<std::int64_t> numbers_;  // of the rows trained on, ascending
  RowRange mine_;                      // of them
  std::vector<Totals> totals_;         // of each thread; the first one's become everybody's
  ByteKMeansResult result_;
};

}  // namespace

std::vector<std::int64_t> stratified_sample(std::int64_t rows, std::int64_t wanted, std::uint64_t seed) {
  wanted = std::min(wanted, rows);
  const Random random(seed, Purpose::descriptor_sample);
  const auto edge = [&](std::int64_t stratum) {  // floor(stratum * rows / wanted) without overflow
    return rows / wanted * stratum + rows % wanted * stratum / wanted;
  };
  std::vector<std::int64_t> drawn;
  for (std::int64_t j = 0; j < wanted; ++j)
    drawn.push_back(edge(j) + random.below(static_cast<std::uint64_t>(j), edge(j + 1) - edge(j)));
  return drawn;
}

struct NearestByteCentroid::Panels : BytePanels {
  using BytePanels::BytePanels;
};

NearestByteCentroid::NearestByteCentroid(std::span<const std::int16_t> centroids, std::int64_t k, std::int64_t columns)
    : panels_(std::make_unique<Panels>(centroids, k, columns)) {}
NearestByteCentroid::~NearestByteCentroid() = default;
NearestByteCentroid::NearestByteCentroid(NearestByteCentroid&&) noexcept = default;

void NearestByteCentroid::find(const std::uint8_t* rows, std::int64_t count, std::int32_t* labels,
                               std::int64_t* squared) const {
  const BytePanels& panels = *panels_;
  const std::int64_t stride = 2 * panels.pairs;
  std::vector<std::int16_t> wide(static_cast<std::size_t>(kBlock * stride), 0);
  std::vector<LaneBest> best(static_cast<std::size_t>(kBlock));
  for (std::int64_t begin = 0; begin < count; begin += kBlock) {
    const std::int64_t size = std::min(kBlock, count - begin);
    for (std::int64_t r = 0; r < size; ++r) {
      const std::uint8_t* row = rows + (begin + r) * panels.columns;
      for (std::int64_t d = 0; d < panels.columns; ++d) wide[static_cast<std::size_t>(r * stride + d)] = row[d];
      LaneBest& lanes = best[static_cast<std::size_t>(r)];
      lanes.score.fill(std::numeric_limits<std::int32_t>::max());
      lanes.remainder.fill(std::numeric_limits<std::int32_t>::max());
      lanes.group.fill(0);
    }
    compete(panels, wide.data(), size, best.data());
    for (std::int64_t r = 0; r < size; ++r) {
      const LaneBest& lanes = best[static_cast<std::size_t>(r)];
      std::int64_t least = std::numeric_limits<std::int64_t>::max(), label = 0;
      for (std::size_t lane = 0; lane < lanes.score.size(); ++lane) {
        const std::int64_t score = 256 * std::int64_t{lanes.score[lane]} + lanes.remainder[lane];
        const std::int64_t number =
            std::int64_t{lanes.group[lane]} * BytePanels::kLanes + static_cast<std::int64_t>(lane);
        if (score < least || (score == least && number < label)) least = score, label = number;
      }
      labels[begin + r] = static_cast<std::int32_t>(label);
      if (squared == nullptr) continue;
      std::int64_t own = 0;
      const std::uint8_t* row = rows + (begin + r) * panels.columns;
      for (std::int64_t d = 0; d < panels.columns; ++d) own += std::int64_t{row[d]} * row[d];
      squared[begin + r] = own * kCentroidUnits * kCentroidUnits + least;
    }
  }
}

ByteKMeansResult byte_kmeans(const ByteRows& rows, const ByteKMeansOptions& options, const Communicator& comm,
                             ThreadPool& pool) {
  return ByteKMeans(rows, options, comm, pool).run();
}

}  // namespace coterie::inline clustering
