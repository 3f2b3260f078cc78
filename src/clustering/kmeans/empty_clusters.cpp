#include "kmeans/empty_clusters.hpp"

#include <algorithm>
#include <set>
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

/// Of the candidates, in order, those whose rows differ from all before: at most `most`. On every rank alike.
std::vector<std::vector<float>> distinct_rows(const LocalRows& rows, std::span<const Candidate> candidates,
                                              std::size_t most) {
  std::set<std::vector<float>> known;
  std::vector<std::vector<float>> distinct;
  rows.communicator().together([&] {
    for (auto candidate = candidates.begin(); candidate != candidates.end() && distinct.size() < most; ++candidate) {
      std::vector<float> values = rows.row(candidate->row);
      for (float& value : values) value += 0.0F;  // -0 and 0 are one place
      if (known.insert(values).second) distinct.push_back(std::move(values));
    }
  });
  return distinct;
}

/// Gives each row to the nearest of these centroids where that is nearer than its own, or as near and of a lower
/// number.
void take_nearer_rows(const LocalRows& rows, std::span<const std::int32_t> changed, LloydRun& run) {
  const std::int64_t columns = rows.columns(), few = std::ssize(changed);
  std::vector<float> values;
  for (const std::int32_t c : changed)
    values.insert(values.end(), run.centroids.begin() + c * columns, run.centroids.begin() + (c + 1) * columns);
  const MatrixView<const float> all{run.centroids.data(), std::ssize(run.centroids) / columns, columns},
      moved{values.data(), few, columns};
  const auto nearest = nearest_centroids(rows, few, KMeansBounds::none, 0);
  const auto failure = nearest->update(moved, {}, [](std::span<const Move>, int) {});
  rows.communicator().together([&] {
    if (failure) std::rethrow_exception(failure);
  });
  const std::vector<double> before = own_squared_distances(rows, all, run.labels),
                            after = own_squared_distances(rows, moved, nearest->labels());
  for (std::size_t i = 0; i < run.labels.size(); ++i) {
    const std::int32_t label = changed[static_cast<std::size_t>(nearest->labels()[i])];
    if (std::tuple(after[i], label) < std::tuple(before[i], run.labels[i])) run.labels[i] = label;
  }
}

}  // namespace

std::int64_t move_empty_centroids(const LocalRows& rows, LloydRun& run) {
  const std::int64_t columns = rows.columns(), k = std::ssize(run.sizes);
  std::int64_t total = 0;
  for (;;) {
    std::vector<std::int32_t> empty;
    for (std::int32_t c = 0; c < k; ++c)
      if (run.sizes[static_cast<std::size_t>(c)] == 0) empty.push_back(c);
    if (empty.empty()) return total;
    const auto candidates = farthest_rows(rows, {run.centroids.data(), k, columns}, run.labels, 2 * std::ssize(empty));
    const auto chosen = distinct_rows(rows, candidates, empty.size());
    const std::int64_t used = k - std::ssize(empty);
    require(!chosen.empty(), "k-means: k = {} but there are only {} distinct rows; ask for at most {} clusters", k,
            used, used);
    empty.resize(chosen.size());
    for (std::size_t i = 0; i < chosen.size(); ++i)
      std::copy(chosen[i].begin(), chosen[i].end(), run.centroids.begin() + empty[i] * columns);
    take_nearer_rows(rows, empty, run);
    measure(rows, run);
    total += std::ssize(chosen);
  }
}

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
