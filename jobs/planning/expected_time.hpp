#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command/job.hpp"

namespace coterie::jobs {

/// Seconds that a stage will take on this job's ranks and threads, by the work that its StageEffort counts and the
/// speed of a processor of 2023 (StageEffort::flops_a_second): within a factor of two on most machines, where `plan
/// --calibrate` measures. `columns`: of the rows that the stage works on; `components`: of those that reduce makes.
double expected_seconds(const Job& job, std::int64_t rows, std::int64_t columns, const std::vector<std::int64_t>& ks,
                        std::int64_t components = 0);

/// Says so before work of more than a minute, with what would make it shorter: "this will take about 52 min; ...".
/// In a dry run also of less, unless the artifact is there already. After must_make(). Collective.
void tell_expected(const Job& job, const Kind& kind, const std::string& name, double seconds,
                   const std::string& way_out);

}  // namespace coterie::jobs
