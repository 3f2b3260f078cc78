#include "coding/coded_solution.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>

#include "coterie/dist/own_blocks.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kBlockRows = 1024;

// To the second nearest centroid minus to the nearest.
float margin_of(const float* row, const std::vector<float>& centroids, std::size_t columns) {
  double nearest = std::numeric_limits<double>::infinity(), second = nearest;
  for (std::size_t begin = 0; begin < centroids.size(); begin += columns) {
    double squared = 0;
    for (std::size_t c = 0; c < columns; ++c) {
      const double away = static_cast<double>(row[c]) - centroids[begin + c];
      squared += away * away;
    }
    if (squared < nearest)
      second = std::exchange(nearest, squared);
    else
      second = std::min(second, squared);
  }
  return static_cast<float>(std::sqrt(second) - std::sqrt(nearest));
}

std::vector<float> margins_of(const Job& job, const ClusteringReader& clustering, std::int64_t k) {
  const auto rows = clustering.open_rows();
  const auto centroids = clustering.centroids(k);
  const auto columns = static_cast<std::size_t>(rows->columns());
  std::vector<float> margins(static_cast<std::size_t>(rows->rows()));
  std::vector<std::vector<float>> buffers(static_cast<std::size_t>(job.pool.threads()));
  const RowPartition blocks(rows->rows(), kBlockRows, 1);
  job.pool.for_each(blocks.blocks(), [&](std::int64_t number, int worker) {
    const RowRange block = blocks.block(number);
    const float* row = rows_at(*rows, block, buffers[static_cast<std::size_t>(worker)]);
    for (std::int64_t i = block.begin; i < block.end; ++i, row += columns)
      margins[static_cast<std::size_t>(i)] = margin_of(row, centroids, columns);
  });
  return margins;
}

}  // namespace

CodedSolution coded_solution(const Job& job, const ClusteringReader& clustering, std::int64_t k, const RowNames& names,
                             bool margins) {
  CodedSolution solution{k, clustering.labels(k), clustering.distances(k), {}, clustering.centroids(k)};
  for (std::size_t row = 0; row < solution.labels.size(); ++row)
    if (names.images[row] < 0) solution.labels[row] = -1;
  if (margins) solution.margins = margins_of(job, clustering, k);
  return solution;
}

std::vector<std::vector<std::int64_t>> reference_rows(const CodedSolution& solution,
                                                      const std::vector<CodingItem>& items, std::int64_t count) {
  std::set<std::int64_t> asked;
  for (const auto& item : items) asked.insert(item.rows.begin(), item.rows.end());
  std::vector<std::vector<std::int64_t>> own(static_cast<std::size_t>(solution.k));
  for (std::size_t row = 0; row < solution.labels.size(); ++row)
    if (solution.labels[row] >= 0 && !asked.contains(static_cast<std::int64_t>(row)))
      own[static_cast<std::size_t>(solution.labels[row])].push_back(static_cast<std::int64_t>(row));
  for (auto& rows : own) {
    std::sort(rows.begin(), rows.end(), [&](auto a, auto b) {
      return std::tuple(solution.distances[static_cast<std::size_t>(a)], a) <
             std::tuple(solution.distances[static_cast<std::size_t>(b)], b);
    });
    rows.resize(static_cast<std::size_t>(std::min<std::int64_t>(count, std::ssize(rows))));
  }
  return own;
}

}  // namespace coterie::jobs
