#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie {

/// Calls visit(rows, worker, range) for each block of `block_rows` rows that this rank owns, on the pool's threads.
using VisitRows = std::function<void(const float* rows, int worker, RowRange range)>;
void visit_own_blocks(const RowSource& source, std::int64_t block_rows, const Communicator& comm, ThreadPool& pool,
                      const VisitRows& visit);

/// The largest magnitude in each column, over all rows. Throws InvalidArgument, on every rank, naming the first row
/// that holds NaN or infinity. Collective.
std::vector<double> column_bounds(const RowSource& source, const Communicator& comm, ThreadPool& pool);

/// The mean of the rows of each cluster, k x D; zeros for an empty one. `labels` empty: all rows are in cluster 0.
/// Exact sums. Collective.
std::vector<double> cluster_means(const RowSource& source, std::span<const std::int32_t> labels,
                                  const std::vector<std::int64_t>& sizes, const std::vector<double>& bounds,
                                  const Communicator& comm, ThreadPool& pool);

}  // namespace coterie
