#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline embedding {

/// The nearest other rows of some rows.
struct Neighbours {
  std::int64_t count = 0;             ///< of each row
  RowRange local;                     ///< the rows of this rank, or places in a list of rows that was asked for
  std::vector<std::int32_t> indices;  ///< local.size() x count: row numbers, nearest first, never the row's own
  std::vector<double> distances;      ///< of the same, Euclidean

  std::span<const std::int32_t> indices_of(std::int64_t row) const {
    return std::span(indices).subspan(static_cast<std::size_t>((row - local.begin) * count),
                                      static_cast<std::size_t>(count));
  }
  std::span<const double> distances_of(std::int64_t row) const {
    return std::span(distances).subspan(static_cast<std::size_t>((row - local.begin) * count),
                                        static_cast<std::size_t>(count));
  }
};

/// Rows are shared out by blocks of this many, in everything that is done for each row of a map.
inline constexpr std::int64_t kMapBlock = 64;

/// The `count` nearest of each row by Euclidean distance, ties in the order of row numbers. Collective; each rank finds
/// those of its own rows (RowPartition(N, kMapBlock, ranks)), with the same bits on any ranks and threads.
///
/// Exact: every pair is measured, in float32 by the silhouette's tiles, good to 3e-6; eight more than `count` are
/// measured anew in double and ordered by that. So a row could be missed only if nine others were as far as the last
/// one to within 3e-6. Equal rows have the distance 0 to the bit.
///
/// N^2 (2 D + 8) flops, shared by all. Memory of a rank, in bytes: 8 N D (4 N D where the rows lie in memory), where
/// `memory_bytes` is smaller rows are centred each time anew instead; and 12 `count` for each of its rows.
/// Throws InvalidArgument, on every rank, unless 0 <= count < N < 2^31, and for the first row with NaN or infinity.
Neighbours nearest_neighbours(const RowSource& source, std::int64_t count, const Communicator& comm, ThreadPool& pool,
                              std::int64_t memory_bytes = std::int64_t{1} << 30);

/// The same of some rows alone, among all: `rows` ascending, `local` a range of its places.
Neighbours nearest_neighbours(const RowSource& source, std::span<const std::int64_t> rows, std::int64_t count,
                              const Communicator& comm, ThreadPool& pool,
                              std::int64_t memory_bytes = std::int64_t{1} << 30);

/// The `count` nearest rows of `source` to each row of `others`, which are not of it. `local` are rows of `others`,
/// shared out by kMapBlock; all else, cost and errors as nearest_neighbours(), but that `count` may be N.
Neighbours nearest_among(const RowSource& source, const RowSource& others, std::int64_t count, const Communicator& comm,
                         ThreadPool& pool, std::int64_t memory_bytes = std::int64_t{1} << 30);

/// Leaves of each row's neighbours the first `count`; no more than there are.
void first_neighbours(Neighbours& neighbours, std::int64_t count);

}  // namespace coterie::inline embedding
