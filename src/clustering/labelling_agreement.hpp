#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"

namespace coterie::inline clustering {

/// The adjusted Rand index (Hubert & Arabie, J. Classification 2, 1985) of each two labellings of this rank's rows and
/// all other ranks', s x s for s labellings with labels in [0, k). From exact counts: the same bits on every rank.
/// n s^2 / 2 steps; one message of 8 k^2 bytes per pair.
std::vector<double> pairwise_agreement(const std::vector<std::vector<std::int32_t>>& labellings, std::int64_t k,
                                       const Communicator& comm, ThreadPool& pool);

/// The mean of the off-diagonal elements; 1 when there is none.
double mean_over_pairs(const std::vector<double>& agreement, int labellings);

}  // namespace coterie::inline clustering
