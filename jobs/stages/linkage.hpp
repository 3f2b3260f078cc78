#pragma once

#include <cstdint>
#include <vector>

namespace coterie::jobs {

/// The lines of scipy's linkage matrix (first, second, distance, size; counts are exact in double below 2^53) as steps
/// of a tree: Merge of the algorithm, DendrogramMerge of the chart.
template <typename Step>
std::vector<Step> steps_of(const std::vector<double>& linkage) {
  std::vector<Step> steps;
  for (std::size_t at = 0; at < linkage.size(); at += 4)
    steps.push_back({static_cast<std::int64_t>(linkage[at]), static_cast<std::int64_t>(linkage[at + 1]),
                     linkage[at + 2], static_cast<std::int64_t>(linkage[at + 3])});
  return steps;
}

}  // namespace coterie::jobs
