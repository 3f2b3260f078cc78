#pragma once

#include <vector>

#include "coterie/clustering/ward.hpp"
#include "coterie/report/chart.hpp"

namespace coterie::jobs {

/// A tree as the chart takes it, which knows no algorithm.
inline std::vector<DendrogramMerge> dendrogram_merges(const std::vector<Merge>& merges) {
  std::vector<DendrogramMerge> steps;
  for (const auto& merge : merges) steps.push_back({merge.first, merge.second, merge.distance, merge.size});
  return steps;
}

}  // namespace coterie::jobs
