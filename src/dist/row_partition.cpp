#include "coterie/dist/row_partition.hpp"

#include <algorithm>

#include "coterie/base/errors.hpp"

namespace coterie::inline dist {

RowPartition::RowPartition(std::int64_t rows, std::int64_t block_rows, int ranks)
    : rows_(rows), block_rows_(block_rows), ranks_(ranks) {
  require(rows >= 0, "RowPartition: rows is {}, must not be negative", rows);
  require(block_rows >= 1, "RowPartition: block_rows is {}, must be at least 1", block_rows);
  require(ranks >= 1, "RowPartition: ranks is {}, must be at least 1", ranks);
}

std::int64_t RowPartition::blocks() const { return rows_ / block_rows_ + (rows_ % block_rows_ != 0); }

RowRange RowPartition::block(std::int64_t block) const {
  const std::int64_t begin = block * block_rows_;
  return {begin, std::min(begin + block_rows_, rows_)};
}

// The first (blocks mod ranks) ranks own one block more than the others.
RowRange RowPartition::blocks_of(int rank) const {
  const std::int64_t share = blocks() / ranks_;
  const std::int64_t longer = blocks() % ranks_;
  const std::int64_t begin = rank * share + std::min<std::int64_t>(rank, longer);
  return {begin, begin + share + (rank < longer)};
}

RowRange RowPartition::rows_of(int rank) const {
  const RowRange owned = blocks_of(rank);
  return {std::min(owned.begin * block_rows_, rows_), std::min(owned.end * block_rows_, rows_)};
}

int RowPartition::owner_of(std::int64_t block) const {
  const std::int64_t share = blocks() / ranks_;
  const std::int64_t longer = blocks() % ranks_;
  const std::int64_t in_longer_ranks = longer * (share + 1);
  if (block < in_longer_ranks) return static_cast<int>(block / (share + 1));
  return static_cast<int>(longer + (block - in_longer_ranks) / share);
}

}  // namespace coterie::inline dist
