#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/comparison.hpp"
#include "coterie/store/study.hpp"

namespace coterie::jobs {

/// One labelling of the images that all compared ones have in common.
struct NamedLabelling {
  Comparison::Labelling named;
  std::vector<std::int32_t> labels;
};

/// A clustering to compare, with some of its k or all.
struct WantedLabelling {
  std::string name;
  std::vector<std::int64_t> ks;  ///< empty: all
};

struct Labellings {
  std::vector<NamedLabelling> all;
  std::int64_t rows = 0;      ///< images in common
  std::int64_t left_out = 0;  ///< images that some have and others lack
  std::map<std::string, std::string>
      value_digests;  ///< of each column, over all rows of the features of the first by name
};

/// Throws InvalidArgument where --clusterings holds what cannot be a labelling's name.
void check_wanted(const Options& options);

/// What --clusterings names ("NAME" with all its k, or "NAME:K"), all of the study where it names nothing. Throws
/// InvalidArgument for what is not there, or where there is nothing. Collective.
std::vector<WantedLabelling> wanted_labellings(const Job& job);

/// Reads clusterings and metadata columns, and brings them to their common images, by path; says which of these have no
/// value in a column. Throws InvalidArgument when
/// fewer than two labellings or no common image remain. One rank.
Labellings read_labellings(const Job& job, const std::vector<WantedLabelling>& wanted,
                           const std::vector<std::string>& columns);

}  // namespace coterie::jobs
