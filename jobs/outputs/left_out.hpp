#pragma once

#include "command/job.hpp"
#include "coterie/artifacts/row_names.hpp"

namespace coterie::jobs {

/// Says how many rows are left out of what is shown because their images are gone from the list or were changed, and
/// how many images of the list have no cluster (or what else is `shown`) yet; nothing where all is as it was when the
/// features were made. Throws Error with the commands that mend the study when no row is left.
void tell_left_out(const Job& job, const RowNames& names, const std::string& shown = "a cluster");

}  // namespace coterie::jobs
