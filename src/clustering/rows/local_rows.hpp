#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <vector>

#include "coterie/clustering/kmeans.hpp"
#include "rows/half_rows.hpp"
#include "rows/rank_rows.hpp"

namespace coterie::inline clustering {

/// Values of larger magnitude are refused: their squares would not leave float32 room to add.
constexpr float kLargestAccepted = 1e15F;

/// Rows in one block: the unit of work of a thread and of a streamed read, and of row ownership.
inline constexpr std::int64_t kBlockRows = 256;

/// Throws InvalidArgument unless every value of given centroids is finite and at most that.
void check_centroids(std::span<const float> centroids);

/// This rank's rows and what is known of each: read where they lie, or copied once if they fit `memory_bytes`, or
/// read again block by block in each pass; then a copy in half precision, if that fits, spares most of the reading.
class LocalRows : public RankRows {
 public:
  /// Collective. Checks that every value is finite and below 1e15 in magnitude (squares stay in float32): throws
  /// InvalidArgument with the lowest bad row. Three passes over the rows; messages of 8 (columns + 4) bytes.
  LocalRows(const RowSource& source, const Communicator& comm, ThreadPool& pool, std::int64_t memory_bytes,
            RowCache cache = RowCache::automatic);

  /// The values of a block: where they lie, or read into `buffer`. FileError when the store cannot deliver.
  const float* values(RowRange block, std::vector<float>& buffer) const;

  /// Rows of a block by their numbers in it, ascending: each at its place in `buffer`, which is as long as the block.
  /// Reads adjacent ones together; call only where rows are not in memory.
  void read_some(RowRange block, std::span<const std::int32_t> numbers, std::vector<float>& buffer) const;

  /// What stands in for rows that are not in memory; empty where there is nothing.
  const HalfRows& half() const { return half_; }

  /// Memory taken for copies.
  std::int64_t copied_bytes() const;

  /// One row, which any rank may ask for by its global number.
  std::vector<float> row(std::int64_t global_row) const;

  /// Any rows by their global numbers, on every rank: found[i] points to row numbers[i], into `values` or to where the
  /// row lies in memory. Collective: unless all rows lie in every rank's memory, each rank brings those that it owns,
  /// in a message of 4 columns bytes a row, and one of 8 where rows are streamed. FileError on all ranks when the store
  /// cannot deliver.
  void gather(std::span<const std::int64_t> numbers, std::vector<float>& values,
              std::vector<const float*>& found) const;

  /// Calls task(block, worker) for each local block over the pool. Collective when rows are streamed, so that a
  /// failed read ends every rank.
  void for_each_block(const std::function<void(std::int64_t block, int worker)>& task) const;

  /// The same without a message: returns what a task of this rank threw, which the caller makes everybody's.
  [[nodiscard]] std::exception_ptr try_each_block(
      const std::function<void(std::int64_t block, int worker)>& task) const;

  /// Of each local row: a bound on its length, and |row - middle|^2.
  std::span<const float> norms() const { return norms_; }
  std::span<const float> spreads() const { return spreads_; }

  /// The mean row rounded to float32, the largest |value|, the largest |row - middle|^2, and the mean over columns
  /// of their variance; the same on every rank.
  const float* middle() const { return middle_.data(); }
  double largest_value() const { return largest_value_; }
  double largest_spread() const { return largest_spread_; }
  double mean_variance() const { return mean_variance_; }

 private:
  void check_values();
  void find_middle();
  void find_spreads();

  HalfRows half_;
  std::vector<float> norms_, spreads_, middle_;
  double largest_value_ = 0, largest_spread_ = 0, mean_variance_ = 0;
};

}  // namespace coterie::inline clustering
