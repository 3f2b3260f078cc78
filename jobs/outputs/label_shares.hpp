#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/artifacts/row_names.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// A line for each class: how many rows have it, how many of them are in each of k clusters, and which share of the
/// class that is. Rows without a value are left out. Throws FileError.
void write_label_shares(const std::string& path, const Classes& classes, const std::vector<std::int32_t>& labels,
                        std::int64_t k, TableText text);

}  // namespace coterie::jobs
