#pragma once

#include <string>
#include <vector>

#include "coterie/artifacts/row_names.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// The key from a cell of a picture to the file in it: the cluster by the number that tables and charts give it, from
/// 0; the cell's row among the cluster's own and its column, from 1, as they are counted by eye.
inline const std::vector<std::string> kCellColumns = {"cluster", "row", "column", "path", "distance"};

/// A line for each picture of each cluster, with `before` in front of it. `distances`: of all rows of the clustering.
void add_cells(TableFile& key, const std::vector<std::string>& before,
               const std::vector<std::vector<std::int64_t>>& picked, const RowNames& names,
               const std::vector<float>& distances, int columns);

}  // namespace coterie::jobs
