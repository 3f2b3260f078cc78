#pragma once

#include <functional>

#include "coterie/clustering/kmeans.hpp"
#include "kmeans/lloyd.hpp"

namespace coterie::inline clustering {

/// Runs each start, keeps the one with the smallest inertia, the first among equals, and has it finished; what is
/// reported of the starts (their inertia, their agreement) is of the finished one where it won, of the others as they
/// ended. Collective. One message of 8 k^2 bytes for each pair of starts, for their agreement.
KMeansResult best_of_starts(const LocalRows& rows, std::int64_t k, int starts,
                            const std::function<LloydRun(int start)>& run,
                            const std::function<void(LloydRun& best)>& finish);

}  // namespace coterie::inline clustering
