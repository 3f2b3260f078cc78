#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/random.hpp"

namespace coterie::jobs {

/// Which images stand for each cluster of one solution; rows per cluster.
struct ClusterPictures {
  std::vector<std::vector<std::int64_t>> members;  ///< all of them, ascending
  std::vector<std::vector<std::int64_t>> shown;    ///< those whose image is in the list as it was, ascending
  std::vector<std::vector<std::int64_t>> nearest;  ///< of these the nearest to the centroid first (ties: lowest row)
  std::vector<std::vector<std::int64_t>> random;   ///< of these a seeded sample without replacement
};

/// `names`: of the clustering's rows.
ClusterPictures pick_pictures(const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
                              std::int64_t count, std::uint64_t seed);

/// `count` of the rows, drawn without replacement: those with the smallest draws of (seed, purpose, row), in that
/// order.
std::vector<std::int64_t> draw_sample(const std::vector<std::int64_t>& rows, std::int64_t count, const Random& random);

}  // namespace coterie::jobs
