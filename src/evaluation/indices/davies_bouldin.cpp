#include "indices/davies_bouldin.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "coterie/dist/row_partition.hpp"
#include "distances/centroid_distances.hpp"

namespace coterie::inline evaluation {
namespace {

constexpr std::int64_t kBlock = 256;

/// The largest ratio of one cluster with any other, and whether any other lies apart.
struct Worst {
  double ratio = 0;
  double farthest = 0;  ///< some other is at least that far
};

/// Products of up to kBlock centroids with all: [group][row][lane].
struct Workspace {
  std::vector<float> products;
  std::vector<double> most;  ///< by slot: the largest that the ratio can be
};

class Pairs {
 public:
  Pairs(const std::vector<double>& centroids, const std::vector<std::int64_t>& sizes,
        const std::vector<double>& spreads, const Centring& centring)
      : centroids_(centroids),
        spreads_(spreads),
        columns_(centring.columns()),
        unit_(centring.unit),
        all_(centroids, sizes, centring) {}

  std::int64_t count() const { return std::ssize(all_.clusters); }

  void run(RowRange slots, Workspace& workspace, std::vector<Worst>& worst) const {
    const LaneTile& lanes = all_.lanes;
    constexpr std::int64_t kGroupsAtOnce = 4;
    workspace.products.resize(static_cast<std::size_t>(lanes.groups() * kBlock * kGroup));
    for (std::int64_t g = 0; g < lanes.groups(); g += kGroupsAtOnce)
      pair_products(lanes, g, std::min(kGroupsAtOnce, lanes.groups() - g), all_.centred.data() + slots.begin * columns_,
                    slots.size(), columns_, workspace.products.data() + g * kBlock * kGroup, kBlock * kGroup);
    for (std::int64_t a = slots.begin; a < slots.end; ++a)
      worst[static_cast<std::size_t>(a)] = worst_of(a, a - slots.begin, workspace);
  }

 private:
  Worst worst_of(std::int64_t a, std::int64_t place, Workspace& workspace) const {
    const double length = all_.lengths[static_cast<std::size_t>(a)];
    double least = 0;  // that the largest ratio can be
    Worst worst;
    workspace.most.assign(static_cast<std::size_t>(count()), std::numeric_limits<double>::infinity());
    for (std::int64_t b = 0; b < count(); ++b) {
      if (a == b) continue;
      const double other = all_.lengths[static_cast<std::size_t>(b)];
      const double product =
          workspace.products[static_cast<std::size_t>((b / kGroup * kBlock + place) * kGroup + b % kGroup)];
      const double square = length * length + other * other - 2 * product;
      const double error = square_error(columns_, length, other);
      if (square <= error) continue;  // might be one point, which does not count: to be measured
      const double spread = (spread_of(a) + spread_of(b)) * unit_;
      // The margins are for the roundings of these lines.
      least = std::max(least, spread / std::sqrt(square + error) * (1 - 1e-12));
      workspace.most[static_cast<std::size_t>(b)] = spread / std::sqrt(square - error) * (1 + 1e-12);
      worst.farthest = std::max(worst.farthest, std::sqrt(square - error) / unit_);
    }
    for (std::int64_t b = 0; b < count(); ++b) {
      if (a == b || workspace.most[static_cast<std::size_t>(b)] < least) continue;
      const double apart = std::sqrt(square_distance(centroid(a), centroid(b), columns_));
      worst.farthest = std::max(worst.farthest, apart);
      if (apart > 0) worst.ratio = std::max(worst.ratio, (spread_of(a) + spread_of(b)) / apart);
    }
    return worst;
  }

  const double* centroid(std::int64_t slot) const {
    return centroids_.data() + all_.clusters[static_cast<std::size_t>(slot)] * columns_;
  }
  double spread_of(std::int64_t slot) const {
    return spreads_[static_cast<std::size_t>(all_.clusters[static_cast<std::size_t>(slot)])];
  }

  const std::vector<double>& centroids_;
  const std::vector<double>& spreads_;
  std::int64_t columns_;
  double unit_;
  CentroidLanes all_;
};

}  // namespace

double davies_bouldin(const std::vector<double>& centroids, const std::vector<std::int64_t>& sizes,
                      const std::vector<double>& mean_distance, const Centring& centring, ThreadPool& pool) {
  constexpr double kNothing = 1e-8;  // scikit-learn's numpy.allclose(..., 0)
  if (std::ranges::max(mean_distance) <= kNothing) return 0;
  const Pairs pairs(centroids, sizes, mean_distance, centring);
  const RowPartition blocks(pairs.count(), kBlock, 1);
  std::vector<Worst> worst(static_cast<std::size_t>(pairs.count()));
  std::vector<Workspace> workspaces(static_cast<std::size_t>(pool.threads()));
  pool.for_each(blocks.blocks(), [&](std::int64_t block, int worker) {
    pairs.run(blocks.block(block), workspaces[static_cast<std::size_t>(worker)], worst);
  });
  double sum = 0, farthest = 0;
  for (const Worst& each : worst) sum += each.ratio, farthest = std::max(farthest, each.farthest);
  return farthest <= kNothing ? 0 : sum / static_cast<double>(worst.size());
}

}  // namespace coterie::inline evaluation
