#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/artifacts/row_names.hpp"
#include "outputs/table_file.hpp"

namespace coterie::jobs {

/// How the classes of a metadata column lie in k clusters. Rows without a value are left out.
struct LabelShares {
  std::string column;
  std::vector<std::string> names;  ///< of the classes
  std::int64_t k = 0;
  std::vector<std::int64_t> counts;  ///< classes x k
  std::vector<std::int64_t> images;  ///< of each class
  std::vector<double> shares;        ///< classes x k: counts as shares of the class; NaN of one without images
};
LabelShares label_shares(const Classes& classes, const std::vector<std::int32_t>& labels, std::int64_t k);

/// STEM.csv, a line for each class with its counts and shares, and STEM.tex, the shares. Throws FileError.
void write_label_shares(const std::string& stem, const LabelShares& shares, TableText text);

/// A pickle of the shares as rmsander/spatial_LDA's baseline.py kept them: a dictionary of lists.
void pickle_label_shares(const std::string& path, const LabelShares& shares);

}  // namespace coterie::jobs
