#pragma once

#include <string>

#include "command/job.hpp"
#include "coterie/embedding/affinities.hpp"
#include "coterie/embedding/tsne.hpp"

namespace coterie::jobs {

/// Runs t-SNE for a map of this name from what an earlier start of the same recipe left, or from `start`; tells how far
/// it is, and saves its state every so often and where it is stopped (then throws Stopped). Collective.
TsneResult run_tsne(const Job& job, const std::string& name, const Affinities& affinities,
                    const TsneParameters& parameters, std::vector<double> start);

/// Removes what was kept to go on from; one rank.
void forget_map_state(const Job& job, const std::string& name);

}  // namespace coterie::jobs
