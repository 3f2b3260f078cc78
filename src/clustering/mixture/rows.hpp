#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "rows/rank_rows.hpp"

namespace coterie::inline clustering {

/// Rows whose responsibilities are summed in double before the sum is rounded to an integer: a fixed part of N.
inline constexpr std::int64_t kSumRows = 256;

/// This rank's rows, in blocks that depend on N and D alone: read where they lie, or copied once if they fit
/// `memory_bytes`, or read window by window in each pass.
class MixtureRows : public RankRows {
 public:
  /// Collective. Throws InvalidArgument on every rank: no rows or columns, or a value that is not finite or beyond 1e15
  /// (names the lowest row). One pass; one message of 16 D bytes.
  MixtureRows(const RowSource& source, const Communicator& comm, ThreadPool& pool, std::int64_t memory_bytes);

  /// visit(blocks, values): this rank's rows as one window or several, `values` being those of the window's first row.
  /// Collective when rows are streamed, so that a failed read ends every rank.
  void for_each_window(const std::function<void(RowRange blocks, const float* values)>& visit) const;

  /// Of each column: the smallest and the largest value of all ranks' rows, and the middle between the two.
  std::span<const double> least() const { return least_; }
  std::span<const double> largest() const { return largest_; }
  std::span<const double> middle() const { return middle_; }

 private:
  void find_extremes();

  std::int64_t window_blocks_ = 1;  // where they stream
  std::vector<double> least_, largest_, middle_;
};

}  // namespace coterie::inline clustering
