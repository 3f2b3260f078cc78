#pragma once

#include <functional>

#include "coterie/clustering/kmeans.hpp"
#include "kmeans/lloyd.hpp"

namespace coterie::inline clustering {

/// Runs each start and keeps the one with the smallest inertia, the first among equals, and how the others fared.
/// Collective. One message of 8 k^2 bytes for each pair of starts, for their agreement.
KMeansResult best_of_starts(const LocalRows& rows, std::int64_t k, int starts,
                            const std::function<LloydRun(int start)>& run);

}  // namespace coterie::inline clustering
