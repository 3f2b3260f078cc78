#pragma once

#include <string>
#include <vector>

namespace coterie::jobs {

/// How a recipe calls the values of a metadata column among its inputs: "values of folder".
inline constexpr const char* kValuesOf = "values of ";

/// SHA-256 over the values of one column, row by row.
std::string values_digest(const std::vector<std::string>& values);

}  // namespace coterie::jobs
