#include "ward/clusters.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>

#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "rows/local_rows.hpp"
#include "ward/neighbours.hpp"

namespace coterie::inline clustering {
namespace {

std::int64_t blocks_of(std::int64_t count, std::int64_t block) { return (count + block - 1) / block; }

/// The part of `count` things that this rank looks at.
RowRange share_of(std::int64_t count, const Communicator& comm) {
  return RowPartition(count, 1, comm.size()).rows_of(comm.rank());
}

/// Calls task(i) for 0 <= i < count, `block` of them at a time.
template <typename Task>
void for_each_in_blocks(ThreadPool& pool, std::int64_t count, std::int64_t block, Task task) {
  pool.for_each(blocks_of(count, block), [&](std::int64_t b, int) {
    for (std::int64_t i = b * block; i < std::min(count, (b + 1) * block); ++i) task(i);
  });
}

/// Symmetric: the square of a difference does not know its sign.
template <typename A, typename B>
double sum_of_squares(const A* a, const B* b, std::int64_t columns) {
  constexpr std::int64_t kSums = 8;
  double sum[kSums] = {};
  const std::int64_t whole = columns - columns % kSums;
  for (std::int64_t d = 0; d < whole; d += kSums)
    for (std::int64_t lane = 0; lane < kSums; ++lane) {
      const double difference = static_cast<double>(a[d + lane]) - static_cast<double>(b[d + lane]);
      sum[lane] += difference * difference;
    }
  for (std::int64_t d = whole; d < columns; ++d) {
    const double difference = static_cast<double>(a[d]) - static_cast<double>(b[d]);
    sum[d - whole] += difference * difference;
  }
  return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7]));
}

template <typename A, typename B>
void weighted_mean(const A* a, double size_a, const B* b, double size_b, std::int64_t columns, double* mean) {
  const double share_a = size_a / (size_a + size_b), share_b = size_b / (size_a + size_b);
  for (std::int64_t d = 0; d < columns; ++d)
    mean[d] = share_a * static_cast<double>(a[d]) + share_b * static_cast<double>(b[d]);
}

}  // namespace

WardClusters::WardClusters(const RowSource& source, std::int64_t memory_bytes, const Communicator& comm,
                           ThreadPool& pool)
    : total_(source.rows()), columns_(source.columns()) {
  frame_.error = ward_error(columns_);
  constexpr std::int64_t kMostRows = std::int64_t{1} << 30;  // numbers of clusters are 32 bits wide
  require(total_ >= 1 && columns() >= 1, "Ward: {} rows of {} columns; there must be at least one of each", total_,
          columns());
  require(total_ <= kMostRows, "Ward: {} rows, but at most {} can be clustered; take a sample", total_, kMostRows);
  load(source, memory_bytes, comm, pool);
  check(comm, pool);
  find_middle(comm, pool);
  merge_equal_rows(comm, pool);
  means_.emplace(comm, count() / 2 * columns_ * static_cast<std::int64_t>(sizeof(double)));
  for (std::int64_t i = count() / 2; i > 0; --i) spare_.push_back(i - 1);
  panels_.emplace(count(), columns_, comm);
  std::vector<WardFilling> fillings;
  for (std::size_t slot = 0; slot < row_.size(); ++slot)
    fillings.push_back({.to = static_cast<std::int32_t>(slot), .size = size_[slot], .row = row_[slot]});
  panels_->fill(fillings, count(), *panels_, frame_, pool);
}

/// All rows on every rank. What all this takes is known before any of it is asked for.
void WardClusters::load(const RowSource& source, std::int64_t memory_bytes, const Communicator& comm,
                        ThreadPool& pool) {
  rows_ = source.resident({0, total_});
  const bool copies = comm.any(!rows_);
  comm.together([&] {
    const std::int64_t means = 4 * total_ * columns();  // at most N / 2 merged clusters at a time, in double
    const std::int64_t bytes = WardPanels::bytes(total_, columns()) + means + (copies ? 4 * total_ * columns() : 0) +
                               total_ * (2 * static_cast<std::int64_t>(sizeof(Neighbourhood)) + 160 +
                                         pool.threads() * NearestSlots::kNearest * std::int64_t{8});
    require(bytes <= memory_bytes,
            "Ward: {} rows of {} columns take {:.1f} MB on each rank, more than the {:.1f} MB allowed; allow more, "
            "or reduce to fewer components",
            total_, columns(), 1e-6 * static_cast<double>(bytes), 1e-6 * static_cast<double>(memory_bytes));
  });
  if (!copies) return;
  copy_.emplace(comm, 4 * total_ * columns());
  float* const copy = copy_->as<float>().data();
  const RowRange blocks = copy_->share_of(blocks_of(total_, kBlockRows));
  comm.together([&] {
    pool.for_each(blocks.size(), [&](std::int64_t b, int) {
      const std::int64_t begin = (blocks.begin + b) * kBlockRows;
      source.read({begin, std::min(total_, begin + kBlockRows)}, copy + begin * columns());
    });
  });
  copy_->publish();
  rows_ = copy;
}

void WardClusters::check(const Communicator& comm, ThreadPool& pool) {
  std::atomic<std::int64_t> bad_row{total_};
  const RowRange mine = share_of(total_, comm);
  for_each_in_blocks(pool, mine.size(), kBlockRows, [&](std::int64_t number) {
    const std::int64_t i = mine.begin + number;
    const float* const row = rows_ + i * columns();
    int bad = 0;
    for (std::int64_t d = 0; d < columns(); ++d) bad |= static_cast<int>(!(std::fabs(row[d]) <= kLargestAccepted));
    if (bad == 0) return;
    std::int64_t lowest = bad_row;
    while (i < lowest && !bad_row.compare_exchange_weak(lowest, i)) {
    }
  });
  std::int64_t lowest_bad = bad_row;
  comm.min(std::span(&lowest_bad, 1));
  if (lowest_bad < total_) copy_.reset();  // together, which it could not do while an exception passes
  require(lowest_bad == total_,
          "Ward: row {} holds a value that is not a number, infinite, or above {:g}; leave that row out or mend it",
          lowest_bad, kLargestAccepted);
}

/// The columns' means, summed in the rows' order: from there, values are small and so are their rounding errors.
void WardClusters::find_middle(const Communicator& comm, ThreadPool& pool) {
  constexpr std::int64_t kChunk = 64;  // columns at a time
  const RowRange mine = share_of(blocks_of(columns(), kChunk), comm);
  std::vector<double> middle(
      static_cast<std::size_t>(std::min(mine.end * kChunk, columns()) - std::min(mine.begin * kChunk, columns())));
  std::vector<double> largest(static_cast<std::size_t>(mine.size()));
  pool.for_each(mine.size(), [&](std::int64_t chunk, int) {
    const std::int64_t begin = (mine.begin + chunk) * kChunk, width = std::min(kChunk, columns() - begin);
    std::array<double, kChunk> sum{};
    std::array<float, kChunk> low, high;
    low.fill(kLargestAccepted), high.fill(-kLargestAccepted);
    for (std::int64_t i = 0; i < total_; ++i) {
      const float* const row = rows_ + i * columns() + begin;
      for (std::size_t d = 0; d < static_cast<std::size_t>(width); ++d) {
        sum[d] += static_cast<double>(row[d]);
        low[d] = std::min(low[d], row[d]);
        high[d] = std::max(high[d], row[d]);
      }
    }
    double& reach = largest[static_cast<std::size_t>(chunk)];
    for (std::size_t d = 0; d < static_cast<std::size_t>(width); ++d) {
      const double mean = sum[d] / static_cast<double>(total_);
      middle[static_cast<std::size_t>(chunk * kChunk) + d] = mean;
      reach = std::max({reach, static_cast<double>(high[d]) - mean, mean - static_cast<double>(low[d])});
    }
  });
  frame_.middle = comm.gather_all(std::span<const double>(middle));
  int exponent = 0;
  std::frexp(comm.max(largest.empty() ? 0.0 : *std::max_element(largest.begin(), largest.end())), &exponent);
  frame_.scale = std::ldexp(1.0, -exponent);
  unit_ = std::ldexp(1.0, 2 * exponent);
}

void WardClusters::merge_equal_rows(const Communicator& comm, ThreadPool& pool) {
  const std::size_t row_bytes = static_cast<std::size_t>(columns()) * sizeof(float);
  const RowRange mine = share_of(total_, comm);
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(mine.size()));
  for_each_in_blocks(pool, mine.size(), kBlockRows, [&](std::int64_t i) {
    hashes[static_cast<std::size_t>(i)] = hash64(rows_ + (mine.begin + i) * columns(), row_bytes);
  });
  hashes = comm.gather_all(std::span<const std::uint64_t>(hashes));
  std::vector<std::pair<std::uint64_t, std::int32_t>> order(hashes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = {hashes[i], static_cast<std::int32_t>(i)};
  std::sort(order.begin(), order.end());
  // Of each group of equal rows the first; rows of one hash that differ stay apart, which only costs time.
  std::vector<std::int32_t> first_equal(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto [hash, row] = order[i];
    const std::int32_t before =
        i > 0 && order[i - 1].first == hash ? first_equal[static_cast<std::size_t>(order[i - 1].second)] : row;
    const bool equal = std::memcmp(rows_ + before * columns(), rows_ + row * columns(), row_bytes) == 0;
    first_equal[static_cast<std::size_t>(row)] = equal ? before : row;
  }
  merges_.reserve(order.size() - 1);
  slot_of_.resize(2 * order.size() - 1, -1);
  for (std::int32_t row = 0; row < total_; ++row) {
    const auto at = static_cast<std::size_t>(row);
    if (first_equal[at] == row) {
      slot_of_[at] = static_cast<std::int32_t>(number_.size());
      number_.push_back(row);
      size_.push_back(1);
      row_.push_back(rows_ + row * columns());
      continue;
    }
    const auto slot = static_cast<std::size_t>(slot_of_[static_cast<std::size_t>(first_equal[at])]);
    size_[slot] += 1;
    const std::int32_t made = next_number();
    record(row, number_[slot], 0, size_[slot]);
    number_[slot] = made;
  }
  for (std::size_t slot = 0; slot < number_.size(); ++slot)
    slot_of_[static_cast<std::size_t>(number_[slot])] = static_cast<std::int32_t>(slot);
  mean_.resize(number_.size(), -1);
}

void WardClusters::record(std::int32_t a, std::int32_t b, double squared, double size) {
  merges_.push_back({std::min(a, b), std::max(a, b), std::sqrt(squared), static_cast<std::int64_t>(size)});
}

double WardClusters::squared_distance(std::int64_t slot_a, std::int64_t slot_b) const {
  const auto a = static_cast<std::size_t>(slot_a), b = static_cast<std::size_t>(slot_b);
  const double weight = 2 * (size_[a] * size_[b]) / (size_[a] + size_[b]);
  const double *const of_a = mean(a), *const of_b = mean(b);
  const double squares = of_a && of_b ? sum_of_squares(of_a, of_b, columns_)
                         : of_a       ? sum_of_squares(of_a, row_[b], columns_)
                         : of_b       ? sum_of_squares(row_[a], of_b, columns_)
                                      : sum_of_squares(row_[a], row_[b], columns_);
  return weight * squares;
}

std::vector<std::pair<std::int32_t, std::int32_t>> WardClusters::merge(std::span<const WardPair> pairs,
                                                                       ThreadPool& pool) {
  join_means(pairs, pool);
  for (const auto& pair : pairs) {
    const auto slot = static_cast<std::size_t>(pair.slot_a);
    record(pair.a, pair.b, pair.squared, pair.size_a + pair.size_b);
    number_[slot] = pair.made;
    size_[slot] = pair.size_a + pair.size_b;
    row_[slot] = nullptr;
  }
  auto moves = gaps_closed(pairs);
  const std::size_t left = number_.size() - pairs.size();
  std::vector<WardFilling> fillings;
  for (const auto& pair : pairs) {
    const auto slot = static_cast<std::size_t>(pair.slot_a);
    if (slot < left) fillings.push_back({.to = pair.slot_a, .size = size_[slot], .mean = mean(slot)});
  }
  for (const auto& [source, target] : moves) {
    const auto from = static_cast<std::size_t>(source), to = static_cast<std::size_t>(target);
    number_[to] = number_[from];
    size_[to] = size_[from];
    row_[to] = row_[from];
    mean_[to] = mean_[from];
    // What merged in this round is not yet in the panels.
    const bool fresh = number_[to] >= pairs.front().made;
    fillings.push_back({.to = target, .size = size_[to], .mean = fresh ? mean(to) : nullptr, .from = source});
  }
  std::sort(fillings.begin(), fillings.end(), [](const auto& a, const auto& b) { return a.to < b.to; });
  panels_->fill(fillings, static_cast<std::int64_t>(left), *panels_, frame_, pool);
  number_.resize(left);
  size_.resize(left);
  row_.resize(left);
  mean_.resize(left);
  for (const auto& filling : fillings)
    slot_of_[static_cast<std::size_t>(number_[static_cast<std::size_t>(filling.to)])] = filling.to;
  return moves;
}

/// The new clusters' means, each in the place of a part's, element for element, or in a spare one.
void WardClusters::join_means(std::span<const WardPair> pairs, ThreadPool& pool) {
  std::vector<std::int64_t> places(pairs.size()), freed;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto a = static_cast<std::size_t>(pairs[i].slot_a), b = static_cast<std::size_t>(pairs[i].slot_b);
    places[i] = mean_[a] >= 0 ? mean_[a] : mean_[b] >= 0 ? mean_[b] : spare_.back();
    if (mean_[a] < 0 && mean_[b] < 0) spare_.pop_back();
    if (mean_[a] >= 0 && mean_[b] >= 0) freed.push_back(mean_[b]);
  }
  means_->publish();  // nobody reads the parts' any more
  const RowRange mine = means_->share_of(static_cast<std::int64_t>(pairs.size()));
  pool.for_each(mine.size(), [&](std::int64_t i, int) {
    const auto at = static_cast<std::size_t>(mine.begin + i);
    const WardPair& pair = pairs[at];
    auto low = static_cast<std::size_t>(pair.slot_a), high = static_cast<std::size_t>(pair.slot_b);
    double size_low = pair.size_a, size_high = pair.size_b;
    if (pair.a > pair.b) std::swap(low, high), std::swap(size_low, size_high);
    double* const to = means_->as<double>().data() + places[at] * columns_;
    const auto join = [&](const auto* a, const auto* b) { weighted_mean(a, size_low, b, size_high, columns_, to); };
    const double *const a = mean(low), *const b = mean(high);
    if (!a && !b) join(row_[low], row_[high]);
    if (!a && b) join(row_[low], b);
    if (a && !b) join(a, row_[high]);
    if (a && b) join(a, b);
  });
  means_->publish();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    mean_[static_cast<std::size_t>(pairs[i].slot_a)] = places[i];
    mean_[static_cast<std::size_t>(pairs[i].slot_b)] = -1;
  }
  spare_.insert(spare_.end(), freed.begin(), freed.end());
}

/// (from, to) of the clusters beyond what is left that take the place of a slot_b, ascending by `to`.
std::vector<std::pair<std::int32_t, std::int32_t>> WardClusters::gaps_closed(std::span<const WardPair> pairs) const {
  std::vector<bool> empty(number_.size());
  for (const auto& pair : pairs) empty[static_cast<std::size_t>(pair.slot_b)] = true;
  const std::size_t left = number_.size() - pairs.size();
  std::vector<std::pair<std::int32_t, std::int32_t>> moves;
  std::size_t from = number_.size();
  for (std::size_t to = 0; to < left; ++to) {
    if (!empty[to]) continue;
    do --from;
    while (empty[from]);
    moves.emplace_back(static_cast<std::int32_t>(from), static_cast<std::int32_t>(to));
  }
  return moves;
}

}  // namespace coterie::inline clustering
