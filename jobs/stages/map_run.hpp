#pragma once

#include <functional>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/embedding/tsne.hpp"

namespace coterie::jobs {

/// What moves rows on a map, from a state on.
using Optimisation = std::function<TsneResult(TsneState from, const TsneWatch& watch)>;

/// Runs it for a map of this name, of so many rows, dimensions and iterations, from what an earlier start of the same
/// recipe left, or from `start`; tells how far it is, and saves its state every so often and where it is stopped (then
/// throws Stopped). Collective.
TsneResult run_map(const Job& job, const std::string& name, std::int64_t rows, int dimensions, int iterations,
                   std::vector<double> start, const Optimisation& optimise);

/// Removes what was kept to go on from; one rank.
void forget_map_state(const Job& job, const std::string& name);

}  // namespace coterie::jobs
