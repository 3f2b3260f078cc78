#pragma once

#include <cstdint>
#include <vector>

#include "rows/local_rows.hpp"

namespace coterie::inline clustering {

/// One start's k-means|| (Bahmani et al., "Scalable k-means++", PVLDB 5, 2012, algorithm 2): five rounds in which each
/// row is drawn by itself with probability 2 k times its share of the squared distances, then greedy k-means++ on the
/// at most 10 k or so drawn rows, each weighing as many rows as are nearest to it. Draws are a function of (seed,
/// start, round, row), weights are exact: the same k rows on any number of ranks.
///
/// The k rows are distinct: if fewer than k distinct rows were drawn, greedy k-means++ on all rows adds what is
/// missing, and throws InvalidArgument as it does there.
///
/// 20 n k D flops for n local rows in 6 passes, then 20 k^2 D (2 + ln k) / ranks on the drawn rows. Messages: one of
/// about 8 k D bytes a round, and those of k-means++. Memory: 8 bytes a row, and about 80 k D for the drawn rows and
/// their packed copies.
std::vector<float> parallel_seeding(const LocalRows& rows, std::int64_t k, std::uint64_t seed, int start);

}  // namespace coterie::inline clustering
