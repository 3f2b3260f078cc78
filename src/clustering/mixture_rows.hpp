#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie {

/// Rows whose responsibilities are summed in double before the sum is rounded to an integer: a fixed part of N.
inline constexpr std::int64_t kSumRows = 256;

/// This rank's rows, in blocks that depend on N and D alone: read where they lie, or copied once if they fit
/// `memory_bytes`, or read window by window in each pass.
class MixtureRows {
 public:
  /// Collective. Throws InvalidArgument on every rank: no rows or columns, or a value that is not finite or beyond 1e15
  /// (names the lowest row). One pass; one message of 16 D bytes.
  MixtureRows(const RowSource& source, const Communicator& comm, ThreadPool& pool, std::int64_t memory_bytes);

  const RowSource& source() const { return source_; }
  const Communicator& communicator() const { return comm_; }
  ThreadPool& pool() const { return pool_; }

  std::int64_t total() const { return partition_.rows(); }
  std::int64_t columns() const { return columns_; }
  RowRange range() const { return partition_.rows_of(comm_.rank()); }
  std::int64_t count() const { return range().size(); }

  /// Local blocks, numbered from zero, and their rows, counted from this rank's first; all blocks of all ranks.
  std::int64_t blocks() const { return partition_.blocks_of(comm_.rank()).size(); }
  RowRange block(std::int64_t number) const;
  std::int64_t total_blocks() const { return partition_.blocks(); }

  /// visit(blocks, values): this rank's rows as one window or several, `values` being those of the window's first row.
  /// Collective when rows are streamed, so that a failed read ends every rank.
  void for_each_window(const std::function<void(RowRange blocks, const float* values)>& visit) const;

  /// Of each column: the smallest and the largest value of all ranks' rows, and the middle between the two.
  std::span<const double> least() const { return least_; }
  std::span<const double> largest() const { return largest_; }
  std::span<const double> middle() const { return middle_; }

 private:
  void make_resident(std::int64_t memory_bytes);
  void find_extremes();

  const RowSource& source_;
  const Communicator& comm_;
  ThreadPool& pool_;
  std::int64_t columns_;
  RowPartition partition_;
  std::vector<float> copy_;
  const float* resident_ = nullptr;
  bool streams_ = false;            // on any rank
  std::int64_t window_blocks_ = 1;  // where they stream
  std::vector<double> least_, largest_, middle_;
};

}  // namespace coterie
