#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/store/study.hpp"

namespace coterie::jobs {

/// One labelling of the images that all compared ones have in common.
struct NamedLabelling {
  std::string name;                      ///< "resnet50-pca-kmeans:8", or a column's name
  bool column = false;                   ///< metadata, not a clustering
  std::vector<std::string> label_names;  ///< "0", "1" ... or the column's values
  std::vector<std::int32_t> labels;
};

struct Labellings {
  std::vector<NamedLabelling> all;
  std::int64_t rows = 0;                                     ///< images in common
  std::int64_t left_out = 0;                                 ///< images that some have and others lack
  std::vector<std::pair<std::string, std::string>> digests;  ///< of each clustering read
};

/// Reads clusterings ("NAME" with all its k, or "NAME:K"; all of the study when empty) and metadata columns, and brings
/// them to their common images, by path. Throws InvalidArgument that names what is missing, or when fewer than two
/// labellings or no common image remain.
Labellings read_labellings(const Study& study, const std::vector<std::string>& clusterings,
                           const std::vector<std::string>& columns);

}  // namespace coterie::jobs
