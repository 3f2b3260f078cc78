#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "command/job.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::jobs {

/// The distance of each of these rows to the centroid (k x D) of its label; `labels` of all rows.
std::vector<float> distances_to_own(const RowSource& rows, std::span<const std::int32_t> labels,
                                    std::span<const float> centroids, RowRange range, const Job& job);

}  // namespace coterie::jobs
