#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <numeric>
#include <optional>
#include <utility>

#include "coterie/dist/row_partition.hpp"
#include "silhouette/large_array.hpp"
#include "silhouette/ways.hpp"

namespace coterie::inline evaluation {
namespace {

/// Rows of a tile. Two tiles meet in 256 KiB of distances, which stay in the second cache.
constexpr std::int64_t kTile = 256;
constexpr std::int64_t kGroups = kTile / kGroup;
constexpr std::int64_t kGroupCells = kTile * kGroup;  ///< distances of a group of lanes to a tile

/// What one thread works with.
struct FoldWorkspace {
  std::int64_t lane_tile = -1;
  LaneTile lanes;
  RowTile lane_rows, rows;  ///< where rows are not kept
  std::vector<float> distances, turned;
  std::vector<std::int64_t> cells;  ///< [segment][lane]
};

class FoldedSums {
 public:
  explicit FoldedSums(const SilhouetteTask& task)
      : task_(task),
        tiles_(task.source.rows(), kTile, 1),
        stride_((task.source.rows() + kGroup - 1) / kGroup * kGroup),
        order_(static_cast<std::size_t>(task.source.rows())),
        sums_(task.clusters() * stride_),
        locks_(static_cast<std::size_t>(stride_ / kGroup)) {
    order_rows();
    for (const Labelling& labelling : task_.labellings) order_labels(labelling);
  }

  void run(std::int64_t memory_bytes, const Communicator& comm, ThreadPool& pool, const ShareDone& on_share) {
    const std::int64_t tiles = tiles_.blocks();
    const RowPartition pairs(tiles * (tiles + 1) / 2, 1, comm.size());
    const RowRange own = pairs.blocks_of(comm.rank());
    std::vector<FoldWorkspace> workspaces(static_cast<std::size_t>(pool.threads()));
    comm.together([&] {
      rows_.emplace(task_.source, order_, task_.centring, memory_bytes, pool);
      for_each_telling(pool, own.size(), on_share, [&](std::int64_t p, int worker) {
        const auto [left, right] = tiles_of_pair(own.begin + p);
        add_pair(left, right, workspaces[static_cast<std::size_t>(worker)]);
      });
    });
    if (comm.size() > 1) comm.sum(sums_.values());
  }

  void score(const Communicator& comm, ThreadPool& pool, const TakeSilhouettes& take) const {
    const RowPartition groups(task_.source.rows(), kGroup, comm.size());
    const RowRange own = groups.blocks_of(comm.rank());
    comm.together([&] {
      pool.for_each(own.size(), [&](std::int64_t g, int) { score_group(groups.block(own.begin + g), take); });
    });
  }

 private:
  /// Places of rows, and what label a place has.
  struct PlacedLabels {
    std::vector<std::int32_t> labels;   ///< by place
    std::vector<std::int32_t> members;  ///< of each tile, counted from its begin, sorted by label; and kAhead more
  };

  void order_rows() {
    std::iota(order_.begin(), order_.end(), 0);
    if (task_.source.resident({0, task_.source.rows()}) == nullptr) return;  // would be read in bits and pieces
    const auto labels = task_.labellings.front().labels;
    std::ranges::stable_sort(order_, {}, [&](std::int64_t row) { return labels[static_cast<std::size_t>(row)]; });
  }

  void order_labels(const Labelling& labelling) {
    PlacedLabels placed;
    for (const std::int64_t row : order_) placed.labels.push_back(labelling.labels[static_cast<std::size_t>(row)]);
    placed.members.resize(placed.labels.size() + kAhead);
    for (std::int64_t t = 0; t < tiles_.blocks(); ++t) {
      const RowRange tile = tiles_.block(t);
      const auto members = std::span(placed.members)
                               .subspan(static_cast<std::size_t>(tile.begin), static_cast<std::size_t>(tile.size()));
      std::iota(members.begin(), members.end(), 0);
      std::ranges::stable_sort(members, {},
                               [&](std::int32_t m) { return placed.labels[static_cast<std::size_t>(tile.begin + m)]; });
    }
    placed_.push_back(std::move(placed));
  }

  /// Pairs of tiles, left <= right, numbered by their right tile: (0,0) (0,1) (1,1) (0,2) (1,2) (2,2) ...
  static std::pair<std::int64_t, std::int64_t> tiles_of_pair(std::int64_t pair) {
    auto right = static_cast<std::int64_t>((std::sqrt(8.0 * static_cast<double>(pair) + 1) - 1) / 2);
    while (right * (right + 1) / 2 > pair) --right;
    while ((right + 1) * (right + 2) / 2 <= pair) ++right;
    return {pair - right * (right + 1) / 2, right};
  }

  void add_pair(std::int64_t left, std::int64_t right, FoldWorkspace& workspace) {
    const std::int64_t columns = task_.centring.columns();
    if (std::exchange(workspace.lane_tile, right) != right)
      workspace.lanes.pack(rows_->rows(tiles_.block(right), workspace.lane_rows), columns);
    const CentredView rows = rows_->rows(tiles_.block(left), workspace.rows);
    workspace.distances.resize(static_cast<std::size_t>(kGroups * kGroupCells));
    pair_distances(workspace.lanes, rows, task_.centring, workspace.distances.data(), kGroupCells);
    for (std::int64_t g = 0; g < workspace.lanes.groups(); ++g)
      add_group(workspace.distances.data() + g * kGroupCells, right * kGroups + g, left, workspace.cells);
    if (left == right) return;
    workspace.turned.resize(static_cast<std::size_t>(kGroups * kGroupCells));
    for (std::int64_t i = 0; i < kGroups; ++i)
      for (std::int64_t j = 0; j < kGroups; ++j)
        turn_group(workspace.distances.data() + i * kGroupCells + j * kGroup * kGroup,
                   workspace.turned.data() + j * kGroupCells + i * kGroup * kGroup);
    for (std::int64_t g = 0; g < (rows.size() + kGroup - 1) / kGroup; ++g)
      add_group(workspace.turned.data() + g * kGroupCells, left * kGroups + g, right, workspace.cells);
  }

  /// Distances of group `group` of places to the rows of a tile, [row][lane].
  void add_group(const float* distances, std::int64_t group, std::int64_t tile, std::vector<std::int64_t>& cells) {
    const RowRange places = tiles_.block(tile);
    std::int64_t before = 0;  // clusters of the labellings already done
    for (std::size_t l = 0; l < placed_.size(); before += task_.labellings[l].clusters, ++l) {
      const auto members =
          std::span(placed_[l].members)
              .subspan(static_cast<std::size_t>(places.begin), static_cast<std::size_t>(places.size()));
      const auto label = [&](std::int32_t m) { return placed_[l].labels[static_cast<std::size_t>(places.begin + m)]; };
      clusters_of_cells(members, label, distances, cells, [&](std::size_t count, const std::int64_t* clusters) {
        const std::lock_guard lock(locks_[static_cast<std::size_t>(group)]);
        for (std::size_t s = 0; s < count; ++s) {
          std::int64_t* const sums = sums_.data() + (before + clusters[s]) * stride_ + group * kGroup;
          for (std::int64_t lane = 0; lane < kGroup; ++lane)
            sums[lane] += cells[s * kGroup + static_cast<std::size_t>(lane)];
        }
      });
    }
  }

  /// Sums of each run of members with one label into cells, then store(runs, their labels).
  template <typename Label, typename Store>
  void clusters_of_cells(std::span<const std::int32_t> members, const Label& label, const float* distances,
                         std::vector<std::int64_t>& cells, const Store& store) const {
    std::array<std::int64_t, kTile> clusters;
    std::size_t count = 0;
    cells.resize(static_cast<std::size_t>(kTile * kGroup));
    for (std::size_t begin = 0, end = 0; begin < members.size(); begin = end) {
      const std::int32_t cluster = label(members[begin]);
      while (end < members.size() && label(members[end]) == cluster) ++end;
      std::int64_t* const sums = cells.data() + count * kGroup;
      std::fill(sums, sums + kGroup, 0);
      add_members(distances, members.subspan(begin, end - begin), task_.scale, sums);
      clusters[count++] = cluster;
    }
    store(count, clusters.data());
  }

  void score_group(RowRange places, const TakeSilhouettes& take) const {
    const auto first = static_cast<std::size_t>(places.begin), count = static_cast<std::size_t>(places.size());
    const std::int64_t* sums = sums_.data() + places.begin;
    LaneScores scores;
    for (std::size_t l = 0; l < placed_.size(); ++l) {
      scores.begin(std::span(placed_[l].labels).subspan(first, count));
      for (std::int64_t c = 0; c < task_.labellings[l].clusters; ++c, sums += stride_)
        if (const std::int64_t size = task_.sizes[l][static_cast<std::size_t>(c)]; size > 0)
          scores.add_cluster(c, size, task_.scale, sums);
      take(l, std::span(order_).subspan(first, count), scores.finish(task_.sizes[l], task_.scale));
    }
  }

  const SilhouetteTask& task_;
  RowPartition tiles_;
  std::int64_t stride_;  // places, whole groups
  std::vector<std::int64_t> order_;
  std::optional<CentredRows> rows_;
  std::vector<PlacedLabels> placed_;
  LargeArray<std::int64_t> sums_;  // [cluster of all labellings][place]
  std::vector<std::mutex> locks_;  // of groups of places
};

}  // namespace

std::int64_t SilhouetteTask::clusters() const {
  std::int64_t sum = 0;
  for (const Labelling& labelling : labellings) sum += labelling.clusters;
  return sum;
}

bool folding_pays(const SilhouetteTask& task, std::int64_t memory_bytes, int ranks) {
  const std::int64_t rows = task.source.rows(), columns = task.centring.columns(), clusters = task.clusters();
  return 8 * (rows + kGroup) * clusters <= memory_bytes / 2 && 2000 * clusters * ranks <= rows * columns &&
         std::ssize(task.labellings) <= 1 + columns / 64;
}

void silhouettes_folded(const SilhouetteTask& task, std::int64_t memory_bytes, const Communicator& comm,
                        ThreadPool& pool, const TakeSilhouettes& take, const ShareDone& on_share) {
  FoldedSums sums(task);
  sums.run(memory_bytes / 2, comm, pool, on_share);
  sums.score(comm, pool, take);
}

}  // namespace coterie::inline evaluation
