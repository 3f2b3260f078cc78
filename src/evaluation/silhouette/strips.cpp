#include <algorithm>
#include <array>
#include <numeric>

#include "coterie/dist/row_partition.hpp"
#include "silhouette/large_array.hpp"
#include "silhouette/ways.hpp"

namespace coterie::inline evaluation {
namespace {

constexpr std::int64_t kTileRows = 256;
constexpr std::int64_t kFewestColumns = 4096;  // of a chunk: 1 MiB of distances

struct StripPlan {
  std::int64_t lanes = 512;   ///< rows of a strip, a multiple of kGroup
  std::int64_t chunk = 0;     ///< rows that they are measured against at a time
  std::int64_t clusters = 0;  ///< of one group of labellings, where chunk < N
};

/// A strip of 64 rows and its distances to 100,000 others stay in the third cache; where rows are long, wider strips
/// read the others less often. But enough strips for all threads.
StripPlan plan_strips(std::int64_t rows, const SilhouetteTask& task, std::int64_t memory_bytes, int threads,
                      int ranks) {
  const std::int64_t half = memory_bytes / threads / 2, all_rows = task.source.rows();
  const std::int64_t widest = std::max(kGroup, task.centring.columns() / 2);
  StripPlan plan;
  while (plan.lanes > kGroup && (plan.lanes > widest || 4 * plan.lanes * all_rows > half ||
                                 (rows + plan.lanes - 1) / plan.lanes < std::int64_t{4} * threads * ranks))
    plan.lanes /= 2;
  const std::int64_t fitting = half / (4 * plan.lanes) / kTileRows * kTileRows;
  plan.chunk = std::min(all_rows, std::max(fitting, kFewestColumns));
  plan.clusters = half / (8 * kGroup);
  return plan;
}

/// What one thread works with.
class StripWorker {
 public:
  StripWorker(const SilhouetteTask& task, const StripPlan& plan, const CentredRows& rows, const TakeSilhouettes& take)
      : task_(task), plan_(plan), rows_(rows), take_(take) {}

  void run(std::span<const std::int64_t> strip) {
    strip_ = strip;
    lane_rows_.load(task_.source, strip, task_.centring);
    lanes_.pack(lane_rows_.rows(), task_.centring.columns());
    if (distances_.size() == 0) distances_ = LargeArray<float>(plan_.lanes * plan_.chunk);
    if (plan_.chunk >= task_.source.rows()) return run_whole();
    const std::size_t count = task_.labellings.size();
    for (std::size_t begin = 0, end = 0; begin < count; begin = end) {
      std::int64_t clusters = 0;
      while (end < count && (end == begin || clusters + task_.labellings[end].clusters <= plan_.clusters))
        clusters += task_.labellings[end++].clusters;
      run_in_chunks(begin, end, clusters);
    }
  }

 private:
  void run_whole() {
    measure({0, task_.source.rows()});
    for (std::int64_t g = 0; g < lanes_.groups(); ++g)
      for (std::size_t l = 0; l < task_.labellings.size(); ++l) {
        if (g == 0 || task_.labellings.size() > 1)
          order_.sort(task_.labellings[l].labels, task_.labellings[l].clusters);
        begin_scores(g, l);
        for (std::int64_t c = 0; c < task_.labellings[l].clusters; ++c) {
          const auto members = order_.members(c);
          if (members.empty()) continue;
          alignas(32) std::array<std::int64_t, kGroup> sums{};
          add_members(group(g), members, task_.scale, sums.data());
          scores_.add_cluster(c, std::ssize(members), task_.scale, sums.data());
        }
        finish_scores(g, l);
      }
  }

  /// One group of lanes, labellings [begin, end) with so many clusters together.
  void run_in_chunks(std::size_t begin, std::size_t end, std::int64_t clusters) {
    sums_.assign(static_cast<std::size_t>(lanes_.groups() * clusters * kGroup), 0);
    for (std::int64_t first = 0; first < task_.source.rows(); first += plan_.chunk) {
      const RowRange chunk{first, std::min(first + plan_.chunk, task_.source.rows())};
      measure(chunk);
      std::int64_t* sums = sums_.data();
      for (std::size_t l = begin; l < end; ++l) {
        const Labelling& labelling = task_.labellings[l];
        order_.sort(labelling.labels.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(chunk.size())),
                    labelling.clusters);
        for (std::int64_t g = 0; g < lanes_.groups(); ++g)
          for (std::int64_t c = 0; c < labelling.clusters; ++c, sums += kGroup)
            if (const auto members = order_.members(c); !members.empty())
              add_members(group(g), members, task_.scale, sums);
      }
    }
    const std::int64_t* sums = sums_.data();
    for (std::size_t l = begin; l < end; ++l)
      for (std::int64_t g = 0; g < lanes_.groups(); ++g) {
        begin_scores(g, l);
        for (std::int64_t c = 0; c < task_.labellings[l].clusters; ++c, sums += kGroup)
          if (const std::int64_t size = task_.sizes[l][static_cast<std::size_t>(c)]; size > 0)
            scores_.add_cluster(c, size, task_.scale, sums);
        finish_scores(g, l);
      }
  }

  void measure(RowRange chunk) {
    for (std::int64_t first = chunk.begin; first < chunk.end; first += kTileRows) {
      const CentredView rows = rows_.rows({first, std::min(first + kTileRows, chunk.end)}, tile_);
      pair_distances(lanes_, rows, task_.centring, distances_.data() + (first - chunk.begin) * kGroup,
                     plan_.chunk * kGroup);
    }
  }

  const float* group(std::int64_t g) const { return distances_.data() + g * plan_.chunk * kGroup; }

  std::span<const std::int64_t> rows_of(std::int64_t g) const {
    return strip_.subspan(static_cast<std::size_t>(g * kGroup),
                          static_cast<std::size_t>(std::min(kGroup, std::ssize(strip_) - g * kGroup)));
  }

  void begin_scores(std::int64_t g, std::size_t l) {
    own_.clear();
    for (const std::int64_t row : rows_of(g)) own_.push_back(task_.labellings[l].labels[static_cast<std::size_t>(row)]);
    scores_.begin(own_);
  }

  void finish_scores(std::int64_t g, std::size_t l) {
    take_(l, rows_of(g), scores_.finish(task_.sizes[l], task_.scale));
  }

  const SilhouetteTask& task_;
  const StripPlan& plan_;
  const CentredRows& rows_;
  const TakeSilhouettes& take_;
  std::span<const std::int64_t> strip_;
  LaneTile lanes_;
  RowTile lane_rows_, tile_;
  LargeArray<float> distances_;  // [group][row of the chunk][lane]
  std::vector<std::int64_t> sums_;
  ClusterOrder order_;
  LaneScores scores_;
  std::vector<std::int32_t> own_;
};

}  // namespace

void silhouettes_by_strips(const SilhouetteTask& task, std::span<const std::int64_t> rows, std::int64_t memory_bytes,
                           const Communicator& comm, ThreadPool& pool, const TakeSilhouettes& take,
                           const ShareDone& on_share) {
  const StripPlan plan = plan_strips(std::ssize(rows), task, memory_bytes, pool.threads(), comm.size());
  const RowPartition strips(std::ssize(rows), plan.lanes, comm.size());
  const RowRange own = strips.blocks_of(comm.rank());
  std::vector<std::int64_t> all(static_cast<std::size_t>(task.source.rows()));
  std::iota(all.begin(), all.end(), 0);
  comm.together([&] {
    const CentredRows centred(task.source, all, task.centring, memory_bytes / 4, pool);
    std::vector<StripWorker> workers;
    for (int thread = 0; thread < pool.threads(); ++thread) workers.emplace_back(task, plan, centred, take);
    for_each_telling(pool, own.size(), on_share, [&](std::int64_t s, int worker) {
      const RowRange strip = strips.block(own.begin + s);
      workers[static_cast<std::size_t>(worker)].run(
          rows.subspan(static_cast<std::size_t>(strip.begin), static_cast<std::size_t>(strip.size())));
    });
  });
}

}  // namespace coterie::inline evaluation
