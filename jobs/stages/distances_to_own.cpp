#include "stages/distances_to_own.hpp"

#include <cmath>

#include "coterie/dist/own_blocks.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kBlockRows = 1024;

}  // namespace

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

}  // namespace coterie::jobs
