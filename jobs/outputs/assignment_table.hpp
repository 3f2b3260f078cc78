#pragma once

#include <string>

#include "coterie/artifacts/assignment.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// A row for each new image. It says what the artifact says and nothing else.
void write_assignment_table(const std::string& path, const AssignedImages& images, TableText text);

}  // namespace coterie::jobs
