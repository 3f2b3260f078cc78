#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie {

struct WardOptions {
  std::int64_t memory_bytes = std::int64_t{4} << 30;  ///< of one rank
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

/// Ward's agglomerative clustering (Ward, JASA 58, 1963), exact, without an N x N matrix: in rounds, all pairs of
/// clusters that are each other's nearest merge at once, which gives the same tree because a merged cluster is never
/// nearer to another than the nearer of its parts was (reciprocal nearest neighbours: Murtagh, Computer Journal 26,
/// 1983). Products in float32 name the candidates, double decides. Collective; the same tree, bit for bit, on every
/// rank and any number of ranks and threads.
///
/// Throws InvalidArgument, on every rank, for no row, a value that is not finite or beyond 1e15 (names the lowest row),
/// more than 2^30 rows, and when the rows do not fit `memory_bytes` (says how much they take).
///
/// N^2 D flops for the first round, which ranks and threads share out; later ones look only for the new neighbours of
/// clusters that lost theirs. Memory, on every rank: about 8 N D bytes of panels and means beside the rows, 4 N D more
/// where those are not in memory, and some 200 N. Messages: the neighbours found, once a round.
WardTree ward(const RowSource& rows, const WardOptions& options, const Communicator& comm, ThreadPool& pool);

/// The k clusters that are left when the last k - 1 merges are undone, for all N rows; clusters are numbered in the
/// order of their first rows. Throws InvalidArgument unless 1 <= k <= N. O(N).
std::vector<std::int32_t> cut(const WardTree& tree, std::int64_t k);

}  // namespace coterie
