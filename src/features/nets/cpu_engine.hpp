#pragma once

#include <memory>
#include <vector>

#include "nets/engine.hpp"

namespace coterie::inline features {

/// make_cpu_engine for benchmarks: each run adds to step_seconds, one for each step of the plan, what the thread spent
/// in it. Serves one thread.
std::unique_ptr<Engine> make_timed_cpu_engine(Plan plan, const WeightSource& weights,
                                              std::vector<double>& step_seconds);

}  // namespace coterie::inline features
