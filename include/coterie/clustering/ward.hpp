#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/share_done.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline clustering {

struct WardOptions {
  std::int64_t memory_bytes = std::int64_t{4} << 30;  ///< of one rank, as if it were alone on its node
  ShareDone on_share = {};
};

/// One step of an agglomerative clustering, as a line of scipy's linkage matrix: clusters are numbered, 0 .. N-1 the
/// rows, N + i the cluster that step i made.
struct Merge {
  std::int64_t first = 0, second = 0;  ///< first < second
  double distance = 0;                 ///< Ward's, as scipy has it: sqrt(2 |a| |b| / (|a| + |b|)) |mean a - mean b|
  std::int64_t size = 0;               ///< rows in the new cluster
};

/// The whole tree: N - 1 merges, ascending by distance.
struct WardTree {
  std::int64_t rows = 0;
  std::vector<Merge> merges;
};

/// Ward's agglomerative clustering (Ward, JASA 58, 1963), exact, without an N x N matrix. Collective; the same tree,
/// bit for bit, on every rank and any number of ranks and threads.
///
/// Reciprocal nearest neighbours (Murtagh, Computer Journal 26, 1983): all pairs of clusters that are each other's
/// nearest merge at once. Distances are searched in float32 with bounds on their rounding; what the bounds leave open
/// is decided in double, by the distance of the clusters' means. A mean is (|a| a + |b| b) / (|a| + |b|) in double, of
/// its parts' means; of equal distances a fixed rank of the pair decides. Equal rows merge first, at distance 0.
/// Distances ascend: where rounding puts a merge below one of its parts (the last bits), it is given the part's.
/// Merges at equal distances come in the order in which they were found.
///
/// Throws InvalidArgument on every rank: no rows or columns, more than 2^30 rows, a value that is not finite or beyond
/// 1e15 (names the lowest row), more memory than allowed (names both). FileError from the source.
///
/// Cost: N^2 D flops for the first look, shared by ranks and threads, and about half as much for all later ones on
/// features of images; where float32 cannot tell neighbours apart, 3 N D flops in double for each cluster instead.
/// Memory: 8 N D bytes, 4 N D more for rows that do not lie in memory, once on each node with room in /dev/shm for it,
/// else on each rank; and on each rank (760 + 132 threads) N. Messages: 128 N log2(ranks) bytes for the first look,
/// and about as much again; two or three latencies for each of some hundred rounds.
WardTree ward(const RowSource& rows, const WardOptions& options, const Communicator& comm, ThreadPool& pool);

/// The k clusters that are left when the last k - 1 merges are undone, for all N rows; clusters are numbered in the
/// order of their first rows. Throws InvalidArgument unless 1 <= k <= N. O(N); not collective.
std::vector<std::int32_t> cut(const WardTree& tree, std::int64_t k);

}  // namespace coterie::inline clustering
