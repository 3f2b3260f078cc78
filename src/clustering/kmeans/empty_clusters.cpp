#include "kmeans/empty_clusters.hpp"

#include <algorithm>
#include <tuple>

#include "coterie/base/errors.hpp"
#include "kmeans/lloyd.hpp"

namespace coterie::inline clustering {
namespace {

struct Candidate {
  double squared;
  std::int64_t row, label;
};

/// The `most` farthest rows of all ranks that do not lie on their centroid, farthest first; the same on every rank.
std::vector<Candidate> farthest_rows(const LocalRows& rows, MatrixView<const float> centroids,
                                     std::span<const std::int32_t> labels, std::int64_t most) {
  const auto farther = [](const Candidate& a, const Candidate& b) {
    return std::tuple(-a.squared, a.row) < std::tuple(-b.squared, b.row);
  };
  const auto keep_farthest = [&](std::vector<Candidate>& all) {
    const auto kept = std::min(static_cast<std::ptrdiff_t>(most), static_cast<std::ptrdiff_t>(all.size()));
    std::partial_sort(all.begin(), all.begin() + kept, all.end(), farther);
    all.resize(static_cast<std::size_t>(kept));
  };
  const auto squared = own_squared_distances(rows, centroids, labels);
  std::vector<Candidate> mine;
  for (std::size_t i = 0; i < squared.size(); ++i)
    if (squared[i] > 0) mine.push_back({squared[i], rows.range().begin + static_cast<std::int64_t>(i), labels[i]});
  keep_farthest(mine);
  auto all = rows.communicator().gather_all(std::span<const Candidate>(mine));
  keep_farthest(all);
  return all;
}

}  // namespace

std::int64_t fill_empty_clusters(const LocalRows& rows, MatrixView<const float> centroids, NearestCentroids& nearest,
                                 CentroidSums& sums) {
  std::vector<std::int64_t> counts(sums.counts().begin(), sums.counts().end());
  const std::int64_t empty = std::count(counts.begin(), counts.end(), 0);
  if (empty == 0) return 0;
  // Only rows that are alone in their cluster are passed over, so this many candidates always suffice.
  const std::int64_t alone = std::count(counts.begin(), counts.end(), 1) + empty;
  const auto candidates = farthest_rows(rows, centroids, nearest.labels(), 2 * empty + alone);
  const std::int64_t used = centroids.rows - empty;
  std::int64_t filled = 0;
  std::exception_ptr failure;
  auto candidate = candidates.begin();
  for (std::int32_t cluster = 0; cluster < centroids.rows; ++cluster) {
    if (sums.counts()[static_cast<std::size_t>(cluster)] != 0) continue;
    while (candidate != candidates.end() && counts[static_cast<std::size_t>(candidate->label)] < 2) ++candidate;
    if (candidate == candidates.end()) break;
    --counts[static_cast<std::size_t>(candidate->label)];
    const std::int64_t local = candidate->row - rows.range().begin;
    if (local >= 0 && local < rows.count()) {
      try {
        const auto row = rows.row(candidate->row);
        const Move move{row.data(), static_cast<std::int32_t>(candidate->label), cluster};
        sums.add(std::span(&move, 1), 0);
        nearest.relabel(local, cluster);
      } catch (...) {
        failure = std::current_exception();  // everybody's in reduce()
      }
    }
    ++candidate;
    ++filled;
  }
  require(filled > 0, "k-means: k = {} but there are only {} distinct rows; ask for at most {} clusters",
          centroids.rows, used, used);
  sums.reduce(failure);
  return filled;
}

}  // namespace coterie::inline clustering
