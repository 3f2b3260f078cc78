#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "coterie/dist/own_blocks.hpp"
#include "coterie/evaluation/pair_distances.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "distances/centroid_distances.hpp"
#include "indices/cluster_sums.hpp"

namespace coterie::inline evaluation {
namespace {

constexpr std::int64_t kBlockRows = 256;
constexpr std::int64_t kGroupsAtOnce = 4;  // 256 KiB of products, which stay in the second cache

/// The centroids of clusters with rows, ready to be compared with rows. Comparing takes bias - 2 <x, c> in float32,
/// |x - c|^2 but for |x|^2, and then measures in double whatever its rounding leaves in doubt.
class NearestOthers {
 public:
  NearestOthers(const std::vector<double>& centroids, const std::vector<std::int64_t>& sizes, const Centring& centring)
      : centroids_(centroids), columns_(centring.columns()), all_(centroids, sizes, centring) {
    for (const double length : all_.lengths) {
      biases_.push_back(static_cast<float>(length * length));
      longest_ = std::max(longest_, length);
    }
    biases_.resize(static_cast<std::size_t>(lanes().groups() * kGroup), std::numeric_limits<float>::infinity());
  }

  /// Scores of a block of rows, [group][row][lane].
  void score(const CentredView& rows, std::vector<float>& scores) const {
    scores.resize(static_cast<std::size_t>(lanes().groups() * kBlockRows * kGroup));
    for (std::int64_t g = 0; g < lanes().groups(); g += kGroupsAtOnce)
      pair_products(lanes(), g, std::min(kGroupsAtOnce, lanes().groups() - g), rows.centred, rows.size(), columns_,
                    scores.data() + g * kBlockRows * kGroup, kBlockRows * kGroup);
    for (std::int64_t g = 0; g < lanes().groups(); ++g)
      for (std::int64_t r = 0; r < rows.size(); ++r) {
        float* const place = scores.data() + (g * kBlockRows + r) * kGroup;
        const float* const bias = biases_.data() + g * kGroup;
        for (std::int64_t lane = 0; lane < kGroup; ++lane) place[lane] = bias[lane] - 2 * place[lane];
      }
  }

  /// The square distance to the nearest centroid but that of cluster `own`. `length`: of the centred row r.
  double nearest_other(const float* row, std::int64_t own, std::int64_t r, double length,
                       std::vector<float>& scores) const {
    constexpr float kInfinite = std::numeric_limits<float>::infinity();
    const std::int64_t slot = all_.slots[static_cast<std::size_t>(own)];
    scores[static_cast<std::size_t>((slot / kGroup * kBlockRows + r) * kGroup + slot % kGroup)] = kInfinite;
    std::array<float, kGroup> lows;
    lows.fill(kInfinite);
    for (std::int64_t g = 0; g < lanes().groups(); ++g) {
      const float* const place = scores.data() + (g * kBlockRows + r) * kGroup;
      for (std::size_t lane = 0; lane < kGroup; ++lane)
        lows[lane] = place[lane] < lows[lane] ? place[lane] : lows[lane];
    }
    const float low = *std::ranges::min_element(lows);
    const double doubt = 2 * square_error(columns_, length, longest_);  // of each of two scores
    const auto limit = static_cast<float>(low + doubt) * (1 + 0x1p-22F) + 0x1p-120F;
    double least = std::numeric_limits<double>::infinity();
    for (std::int64_t g = 0; g < lanes().groups(); ++g) {
      const float* const place = scores.data() + (g * kBlockRows + r) * kGroup;
      bool any = false;
      for (std::int64_t lane = 0; lane < kGroup; ++lane) any |= place[lane] <= limit;
      for (std::int64_t lane = 0; any && lane < kGroup; ++lane)
        if (place[lane] <= limit)
          least =
              std::min(least, square_distance(row, centroid(static_cast<std::size_t>(g * kGroup + lane)), columns_));
    }
    return least;
  }

 private:
  const LaneTile& lanes() const { return all_.lanes; }
  const double* centroid(std::size_t slot) const { return centroids_.data() + all_.clusters[slot] * columns_; }

  const std::vector<double>& centroids_;
  std::int64_t columns_;
  CentroidLanes all_;
  std::vector<float> biases_;
  double longest_ = 0;
};

/// What one thread works with.
struct Workspace {
  RowTile tile;
  std::vector<float> scores;
};

/// The means by cluster and over all, from exact sums; `values` are this rank's.
void fill_means(const Labelling& labelling, const std::vector<std::int64_t>& sizes, RowRange own,
                const std::vector<double>& values, const Communicator& comm, Silhouette& result) {
  const ExactScale scale(1, std::ssize(labelling.labels));
  std::vector<std::int64_t> sums(sizes.size());
  for (std::int64_t i = own.begin; i < own.end; ++i)
    sums[static_cast<std::size_t>(labelling.labels[static_cast<std::size_t>(i)])] +=
        scale.quantise(values[static_cast<std::size_t>(i - own.begin)]);
  comm.sum(std::span(sums));
  std::int64_t all = 0;
  result.cluster_means.resize(sizes.size());
  for (std::size_t c = 0; c < sizes.size(); ++c) {
    all += sums[c];
    if (sizes[c] > 0) result.cluster_means[c] = scale.value(sums[c]) / static_cast<double>(sizes[c]);
  }
  result.mean = scale.value(all) / static_cast<double>(labelling.labels.size());
}

}  // namespace

Silhouette simplified_silhouette(const RowSource& source, const Labelling& labelling, const Communicator& comm,
                                 ThreadPool& pool) {
  require(std::ssize(labelling.labels) == source.rows(), "{} labels for {} rows", labelling.labels.size(),
          source.rows());
  const std::vector<std::int64_t> sizes = cluster_sizes(labelling);
  Silhouette result;
  result.reason = undefined_reason(sizes);
  result.defined = result.reason.empty();
  const std::vector<double> bounds = column_bounds(source, comm, pool);
  if (!result.defined) return result;
  const Centring centring = centring_of(bounds, cluster_means(source, {}, {source.rows()}, bounds, comm, pool));
  const auto centroids = cluster_means(source, labelling.labels, sizes, bounds, comm, pool);
  const NearestOthers others(centroids, sizes, centring);
  const std::int64_t columns = source.columns();

  const RowRange own = RowPartition(source.rows(), kBlockRows, comm.size()).rows_of(comm.rank());
  std::vector<double> values(static_cast<std::size_t>(own.size()));
  std::vector<Workspace> workspaces(static_cast<std::size_t>(pool.threads()));
  visit_own_blocks(source, kBlockRows, comm, pool, [&](const float* block, int worker, RowRange range) {
    Workspace& workspace = workspaces[static_cast<std::size_t>(worker)];
    workspace.tile.centre(block, range.size(), centring);
    const CentredView rows = workspace.tile.rows();
    others.score(rows, workspace.scores);
    for (std::int64_t r = 0; r < range.size(); ++r) {
      const std::int64_t cluster = labelling.labels[static_cast<std::size_t>(range.begin + r)];
      if (sizes[static_cast<std::size_t>(cluster)] == 1) continue;  // alone: 0
      const float* const row = block + r * columns;
      const double inner = std::sqrt(square_distance(row, centroids.data() + cluster * columns, columns));
      const double outer = std::sqrt(others.nearest_other(
          row, cluster, r, std::sqrt(static_cast<double>(rows.square_lengths[r])), workspace.scores));
      const double larger = std::max(inner, outer);
      values[static_cast<std::size_t>(range.begin + r - own.begin)] = larger > 0 ? (outer - inner) / larger : 0;
    }
  });
  fill_means(labelling, sizes, own, values, comm, result);
  result.values = comm.gather_all(std::span<const double>(values));
  return result;
}

}  // namespace coterie::inline evaluation
