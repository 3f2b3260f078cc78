#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline clustering {

/// The rows that this rank owns, in blocks that depend on the data alone: read where they lie, or copied once where
/// they fit, or read again in each pass. What an algorithm knows of each row is its own affair.
class RankRows {
 public:
  const RowSource& source() const { return source_; }
  const Communicator& communicator() const { return comm_; }
  ThreadPool& pool() const { return pool_; }

  std::int64_t total() const { return partition_.rows(); }
  std::int64_t columns() const { return columns_; }
  RowRange range() const { return range_of(comm_.rank()); }
  RowRange range_of(int rank) const { return partition_.rows_of(rank); }
  std::int64_t count() const { return range().size(); }

  /// The rank that owns a row.
  int owner_of(std::int64_t global_row) const { return partition_.owner_of(global_row / block_rows_); }

  /// Local blocks, numbered from zero, and their rows, counted from this rank's first; all blocks of all ranks.
  std::int64_t blocks() const { return partition_.blocks_of(comm_.rank()).size(); }
  RowRange block(std::int64_t number) const;
  std::int64_t total_blocks() const { return partition_.blocks(); }

 protected:
  /// Throws InvalidArgument in the name of `algorithm` where there are no rows or no columns.
  RankRows(const RowSource& source, std::int64_t block_rows, const char* algorithm, const Communicator& comm,
           ThreadPool& pool);

  std::int64_t bytes() const { return count() * columns_ * static_cast<std::int64_t>(sizeof(float)); }

  /// Collective. Rows that are not in memory are copied if `copy` allows it, else `otherwise` prepares for doing
  /// without.
  void make_resident(bool copy, const std::function<void()>& otherwise);

  const RowSource& source_;
  const Communicator& comm_;
  ThreadPool& pool_;
  RowPartition partition_;
  std::int64_t block_rows_;
  std::int64_t columns_;
  std::vector<float> copy_;
  const float* resident_ = nullptr;
  bool streams_ = false;     // on any rank
  bool everywhere_ = false;  // all rows lie in the memory of every rank
};

}  // namespace coterie::inline clustering
