#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/dist/own_blocks.hpp"

namespace coterie::inline evaluation {

/// The largest magnitude in each column, over all rows. Throws InvalidArgument, on every rank, naming the first row
/// that holds NaN or infinity. Collective.
std::vector<double> column_bounds(const RowSource& source, const Communicator& comm, ThreadPool& pool);

/// The mean of the rows of each cluster, k x D; zeros for an empty one. `labels` empty: all rows are in cluster 0.
/// Exact sums. Collective.
std::vector<double> cluster_means(const RowSource& source, std::span<const std::int32_t> labels,
                                  const std::vector<std::int64_t>& sizes, const std::vector<double>& bounds,
                                  const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline evaluation
