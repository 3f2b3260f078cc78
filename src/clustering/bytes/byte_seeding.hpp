#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/clustering/byte_kmeans.hpp"

namespace coterie::inline clustering {

/// k rows as first centroids, k x columns in units of 1 / kCentroidUnits, by k-means++ with exact whole weights.
/// `numbers`: the rows to draw from, ascending; each rank holds those of its share while it works. Collective: two
/// messages for each centroid, of 8 bytes for each rank and of a row. Throws InvalidArgument when fewer than k of them
/// are distinct.
std::vector<std::int16_t> byte_plus_plus(const ByteRows& rows, std::span<const std::int64_t> numbers, std::int64_t k,
                                         std::uint64_t seed, const Communicator& comm, ThreadPool& pool);

/// Rows by their numbers, ascending, numbers.size() x columns; neighbours are read in one go.
std::vector<std::uint8_t> read_byte_rows(const ByteRows& rows, std::span<const std::int64_t> numbers);

}  // namespace coterie::inline clustering
