#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/base/random.hpp"
#include "stages/clustering_reader.hpp"
#include "stages/image_table.hpp"

namespace coterie::jobs {

/// Which images stand for each cluster of one solution.
struct ClusterPictures {
  std::vector<std::vector<std::int64_t>> members;  ///< per cluster: its rows, ascending
  std::vector<std::vector<std::int64_t>>
      nearest;  ///< per cluster: rows nearest to the centroid first (ties: lowest row)
  std::vector<std::vector<std::int64_t>> random;  ///< per cluster: a seeded sample without replacement
};

ClusterPictures pick_pictures(const ClusteringReader& clustering, std::int64_t k, std::int64_t count,
                              std::uint64_t seed);

/// `count` of the rows, drawn without replacement: those with the smallest draws of (seed, purpose, row), in that
/// order.
std::vector<std::int64_t> draw_sample(const std::vector<std::int64_t>& rows, std::int64_t count, const Random& random);

}  // namespace coterie::jobs
