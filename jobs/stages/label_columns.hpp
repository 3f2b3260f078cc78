#pragma once

#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/row_names.hpp"

namespace coterie::jobs {

/// The metadata columns that --labels names, of the rows of these features; on the root alone. Their values enter the
/// recipe, so that corrected labels make another one. Throws InvalidArgument that offers the columns there are.
/// Collective.
std::vector<Classes> read_label_columns(Job& job, const std::string& features);

/// Says how many images have no value in the column, where some have none.
void tell_without(const Job& job, const Classes& classes);

}  // namespace coterie::jobs
