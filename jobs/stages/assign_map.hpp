#pragma once

#include "command/job.hpp"

namespace coterie::jobs {

/// assign with --map: where new images lie on a finished map, which does not change. `folder`: of their own study; what
/// is found is the table tables/assignments/NAME-on-MAP/positions.csv, and a chart beside it. Collective.
void give_places(Job& job, const std::string& name, const std::string& folder);

}  // namespace coterie::jobs
