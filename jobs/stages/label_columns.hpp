#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/row_names.hpp"

namespace coterie::jobs {

/// The metadata columns that --labels names, of the rows of these features; on the root alone. Their values enter the
/// recipe, so that corrected labels make another one. Throws InvalidArgument that offers the columns there are.
/// Collective.
std::vector<Classes> read_label_columns(Job& job, const std::string& features);

/// The column as classes, for a measure of agreement, after saying how many images have no value. None, and the reason
/// said, for folders where the images lie in none. Throws as classes_of().
std::optional<Classes> classes_to_compare(const Job& job, const RowNames& rows, const std::string& column);

}  // namespace coterie::jobs
