#include "coterie/clustering/assign.hpp"

#include <cmath>

#include "coterie/base/errors.hpp"
#include "rows/local_rows.hpp"
#include "rows/nearest_two.hpp"

namespace coterie::inline clustering {

Assignment assign(const RowSource& rows, MatrixView<const float> centroids, const Communicator& comm,
                  ThreadPool& pool) {
  require(centroids.rows >= 1 && centroids.columns == rows.columns(),
          "assign: {} centroids of {} columns, the rows have {} columns", centroids.rows, centroids.columns,
          rows.columns());
  check_centroids(std::span(centroids.data, static_cast<std::size_t>(centroids.size())));
  const LocalRows local(rows, comm, pool, 0);
  const NearestTwoFinder finder(centroids, local.middle(), pool);
  const auto count = static_cast<std::size_t>(local.count());
  Assignment result{local.range(), std::vector<std::int32_t>(count), std::vector<float>(count),
                    std::vector<std::int32_t>(count), std::vector<float>(count)};
  struct Workspace {
    NearestTwoFinder::Scratch scratch;
    std::vector<float> buffer;
    std::vector<const float*> pointers;
    std::vector<NearestTwo> found = std::vector<NearestTwo>(kBlockRows);
  };
  std::vector<Workspace> workspaces(static_cast<std::size_t>(pool.threads()));
  local.for_each_block([&](std::int64_t number, int worker) {
    auto& [scratch, buffer, pointers, found] = workspaces[static_cast<std::size_t>(worker)];
    const RowRange block = local.block(number);
    const auto first = static_cast<std::size_t>(block.begin), size = static_cast<std::size_t>(block.size());
    const float* const values = local.values(block, buffer);
    pointers.clear();
    for (std::int64_t i = 0; i < block.size(); ++i) pointers.push_back(values + i * local.columns());
    finder.find({pointers, local.norms().subspan(first, size), local.spreads().subspan(first, size)}, scratch, found);
    for (std::size_t i = 0; i < size; ++i) {
      result.local_labels[first + i] = found[i].first;
      result.local_distances[first + i] = static_cast<float>(std::sqrt(found[i].squared));
      result.local_seconds[first + i] = found[i].second;
      result.local_second_distances[first + i] = static_cast<float>(std::sqrt(found[i].second_squared));
    }
  });
  return result;
}

}  // namespace coterie::inline clustering
