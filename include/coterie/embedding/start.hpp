#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline embedding {

/// Where a map begins: N x `dimensions`, the same on every rank.
///
/// Independent normal numbers of this deviation, drawn by (seed, map_start).
std::vector<double> random_start(std::int64_t rows, int dimensions, double deviation, std::uint64_t seed);

/// The first principal components, as scaled_start() lays them out. Collective. Cost and errors as fit_pca(). Source:
/// Kobak and Berens, Nature Communications 10 (2019).
std::vector<double> principal_start(const RowSource& source, int dimensions, double deviation, double jitter,
                                    std::uint64_t seed, const Communicator& comm, ThreadPool& pool,
                                    std::int64_t memory_bytes);

/// Positions made elsewhere or of another map, moved to mean 0 and scaled alike in all directions, so that the first
/// coordinate has this deviation; to each coordinate is added a draw of `jitter` times that deviation, so that equal
/// rows part. Where the first coordinate does not vary, a random start.
std::vector<double> scaled_start(std::vector<double> positions, int dimensions, double deviation, double jitter,
                                 std::uint64_t seed);

}  // namespace coterie::inline embedding
