#include "stages/solution_writer.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/dist/own_blocks.hpp"
#include "stages/clustering_reader.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kBlockRows = 1024;

}  // namespace

void write_solution(ArtifactWriter& writer, const Solution& solution) {
  const std::string group = ClusteringReader::group(solution.k);
  writer.create<std::int32_t>(group + "/labels", {solution.rows});
  writer.create<float>(group + "/distances", {solution.rows});
  writer.write_rows<std::int32_t>(group + "/labels", solution.local_rows.begin, solution.local_labels);
  writer.write_rows<float>(group + "/distances", solution.local_rows.begin, solution.local_distances);
  writer.put<float>(group + "/centroids", {solution.k, solution.columns}, solution.centroids);
  writer.put<std::int64_t>(group + "/sizes", {solution.k}, solution.sizes);
  writer.put_value<double>(group + "/inertia", solution.inertia);
}

void write_starts(ArtifactWriter& writer, std::int64_t k, int n_iter, bool converged,
                  const std::vector<double>& agreement, double stability) {
  const std::string group = ClusteringReader::group(k);
  const auto starts = static_cast<std::int64_t>(std::lround(std::sqrt(static_cast<double>(agreement.size()))));
  writer.put_value<std::int64_t>(group + "/n_iter", n_iter);
  writer.put_value<std::uint8_t>(group + "/converged", converged);
  writer.put_value<double>(group + "/stability", stability);
  writer.put<double>(group + "/init_agreement", {starts, starts}, agreement);
}

std::vector<float> distances_to_own(const RowSource& rows, std::span<const std::int32_t> labels,
                                    std::span<const float> centroids, RowRange range, const Job& job) {
  const auto columns = static_cast<std::size_t>(rows.columns());
  std::vector<float> distances(static_cast<std::size_t>(range.size()));
  std::vector<std::vector<float>> buffers(static_cast<std::size_t>(job.pool.threads()));
  const RowPartition blocks(range.size(), kBlockRows, 1);
  job.comm.together([&] {
    job.pool.for_each(blocks.blocks(), [&](std::int64_t number, int worker) {
      const RowRange block = blocks.block(number);
      const float* row = rows_at(rows, {range.begin + block.begin, range.begin + block.end},
                                 buffers[static_cast<std::size_t>(worker)]);
      for (std::int64_t i = block.begin; i < block.end; ++i, row += columns) {
        const auto label = static_cast<std::size_t>(labels[static_cast<std::size_t>(range.begin + i)]);
        const float* centroid = centroids.data() + label * columns;
        double sum = 0;
        for (std::size_t c = 0; c < columns; ++c)
          sum += (static_cast<double>(row[c]) - centroid[c]) * (static_cast<double>(row[c]) - centroid[c]);
        distances[static_cast<std::size_t>(i)] = static_cast<float>(std::sqrt(sum));
      }
    });
  });
  return distances;
}

std::string extent_text(std::span<const std::int64_t> sizes) {
  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  return fmt::format("{} to {}", *least, *most);
}

std::string agreement_text(double stability, std::int64_t starts) {
  return starts < 2 ? "" : fmt::format(", agreement between starts (mean ARI) {:.2f}", stability);
}

}  // namespace coterie::jobs
