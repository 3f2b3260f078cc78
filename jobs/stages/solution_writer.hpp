#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::jobs {

/// What every algorithm says of one k; labels and distances of this rank's rows alone.
struct Solution {
  std::int64_t k, rows, columns;
  RowRange local_rows;
  std::span<const std::int32_t> local_labels;
  std::span<const float> local_distances;  ///< Euclidean, to the own centroid
  std::span<const float> centroids;        ///< k x columns
  std::span<const std::int64_t> sizes;
  double inertia;
};

/// Writes the group "k=K". Collective.
void write_solution(ArtifactWriter& writer, const Solution& solution);

/// Writes what iterative algorithms add of their starts: agreement is starts x starts.
void write_starts(ArtifactWriter& writer, std::int64_t k, int n_iter, bool converged,
                  const std::vector<double>& agreement, double stability);

/// The distance of each of these rows to the centroid (k x D) of its label; `labels` of all rows.
std::vector<float> distances_to_own(const RowSource& rows, std::span<const std::int32_t> labels,
                                    std::span<const float> centroids, RowRange range, const Job& job);

/// "12 to 340": the smallest and the largest.
std::string extent_text(std::span<const std::int64_t> sizes);

/// ", agreement between starts (mean ARI) 0.93"; empty of a single start.
std::string agreement_text(double stability, std::int64_t starts);

}  // namespace coterie::jobs
