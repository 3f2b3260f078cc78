#include "coterie/embedding/quality.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/embedding/neighbours.hpp"
#include "coterie/evaluation/pair_distances.hpp"

namespace coterie::inline embedding {
namespace {

constexpr std::int64_t kTileRows = 256;
constexpr std::int64_t kPairs = 1000;

// Ascending. Those with the smallest draws, where not all are wanted.
std::vector<std::int64_t> rows_to_look_at(std::int64_t rows, const MapQualityOptions& options) {
  std::vector<std::int64_t> chosen(static_cast<std::size_t>(rows));
  std::iota(chosen.begin(), chosen.end(), 0);
  if (rows <= options.sample) return chosen;
  const Random random(options.seed, Purpose::map_sample);
  const auto draw = [&](std::int64_t row) { return std::pair(random.bits(static_cast<std::uint64_t>(row)), row); };
  const auto end = chosen.begin() + options.sample;
  std::nth_element(chosen.begin(), end, chosen.end(), [&](auto a, auto b) { return draw(a) < draw(b); });
  chosen.erase(end, chosen.end());
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

std::int64_t count_common(const Neighbours& a, const Neighbours& b) {
  std::int64_t common = 0;
  for (std::int64_t i = a.local.begin; i < a.local.end; ++i) {
    const auto first = a.indices_of(i);
    const std::set<std::int32_t> there(first.begin(), first.end());
    for (const auto row : b.indices_of(i)) common += there.contains(row) ? 1 : 0;
  }
  return common;
}

// The ranks of some rows among all by their distance to a block of up to kGroup others.
class RankWorker {
 public:
  RankWorker(const RowSource& source, const Centring& centring, const CentredRows& rows)
      : source_(source), centring_(centring), rows_(rows) {}

  /// `asked(lane)`: the rows whose ranks are wanted. The sum of what their ranks are above their number.
  template <typename Asked>
  std::int64_t excess(std::span<const std::int64_t> block, std::int64_t count, const Asked& asked) {
    lane_rows_.load(source_, block, centring_);
    lanes_.pack(lane_rows_.rows(), centring_.columns());
    limits_.assign(static_cast<std::size_t>(count * kGroup), 0);
    nearer_.assign(limits_.size(), 0);
    measured_.resize(static_cast<std::size_t>(kTileRows * kGroup));
    for (std::int64_t lane = 0; lane < std::ssize(block); ++lane) {
      const auto wanted = asked(lane);
      const std::vector<std::int64_t> rows(wanted.begin(), wanted.end());
      tile_.load(source_, rows, centring_);
      pair_distances(lanes_, tile_.rows(), centring_, measured_.data(), kTileRows * kGroup);
      for (std::int64_t m = 0; m < count; ++m)
        limits_[static_cast<std::size_t>(m * kGroup + lane)] = measured_[static_cast<std::size_t>(m * kGroup + lane)];
    }
    for (std::int64_t first = 0; first < source_.rows(); first += kTileRows) {
      const CentredView rows = rows_.rows({first, std::min(first + kTileRows, source_.rows())}, tile_);
      pair_distances(lanes_, rows, centring_, measured_.data(), kTileRows * kGroup);
      for (std::int64_t r = 0; r < rows.size(); ++r) count_nearer(measured_.data() + r * kGroup, count);
    }
    std::int64_t sum = 0;
    for (std::int64_t lane = 0; lane < std::ssize(block); ++lane)
      for (std::int64_t m = 0; m < count; ++m)  // the row itself was counted, too, where it is nearer
        sum += std::max<std::int64_t>(0, nearer_[static_cast<std::size_t>(m * kGroup + lane)] - count);
    return sum;
  }

 private:
  void count_nearer(const float* distances, std::int64_t count) {
    const float* limits = limits_.data();
    std::int32_t* nearer = nearer_.data();
    for (std::int64_t m = 0; m < count; ++m, limits += kGroup, nearer += kGroup)
      for (std::int64_t lane = 0; lane < kGroup; ++lane) nearer[lane] += distances[lane] < limits[lane] ? 1 : 0;
  }

  const RowSource& source_;
  const Centring& centring_;
  const CentredRows& rows_;
  LaneTile lanes_;
  RowTile lane_rows_, tile_;
  std::vector<float> measured_, limits_;
  std::vector<std::int32_t> nearer_;
};

// Over the rows of the sample that are this rank's.
std::int64_t rank_excess(const RowSource& source, std::span<const std::int64_t> sample, const Neighbours& on_map,
                         const MapQualityOptions& options, const Communicator& comm, ThreadPool& pool) {
  const Centring centring = centring_of(source, comm, pool);
  const RowPartition blocks(std::ssize(sample), kMapBlock, comm.size());
  const RowRange own = blocks.blocks_of(comm.rank());
  std::vector<std::int64_t> all(static_cast<std::size_t>(source.rows()));
  std::iota(all.begin(), all.end(), 0);
  std::vector<std::int64_t> sums(static_cast<std::size_t>(own.size()));
  comm.together([&] {
    const CentredRows centred(source, all, centring, options.memory_bytes, pool);
    std::vector<RankWorker> workers;
    for (int thread = 0; thread < pool.threads(); ++thread) workers.emplace_back(source, centring, centred);
    pool.for_each(own.size(), [&](std::int64_t b, int worker) {
      const RowRange block = blocks.block(own.begin + b);
      sums[static_cast<std::size_t>(b)] = workers[static_cast<std::size_t>(worker)].excess(
          sample.subspan(static_cast<std::size_t>(block.begin), static_cast<std::size_t>(block.size())), on_map.count,
          [&](std::int64_t lane) { return on_map.indices_of(block.begin + lane); });
    });
  });
  return std::accumulate(sums.begin(), sums.end(), std::int64_t{0});
}

double distance_between(const RowSource& source, std::int64_t a, std::int64_t b) {
  const auto columns = static_cast<std::size_t>(source.columns());
  std::vector<float> first(columns), second(columns);
  source.read({a, a + 1}, first.data());
  source.read({b, b + 1}, second.data());
  double sum = 0;
  for (std::size_t c = 0; c < columns; ++c) sum += std::pow(double(first[c]) - double(second[c]), 2);
  return std::sqrt(sum);
}

// Every rank draws and measures the same pairs.
double correlation(const RowSource& rows, const RowSource& map, const MapQualityOptions& options) {
  const Random random(options.seed, Purpose::map_pairs);
  std::vector<double> x, y;
  for (std::uint64_t pair = 0; pair < kPairs; ++pair) {
    const std::int64_t a = random.below(2 * pair, rows.rows());
    std::int64_t b = random.below(2 * pair + 1, rows.rows() - 1);
    b += b >= a ? 1 : 0;
    x.push_back(distance_between(rows, a, b));
    y.push_back(distance_between(map, a, b));
  }
  double mean_x = 0, mean_y = 0, xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) mean_x += x[i] / kPairs, mean_y += y[i] / kPairs;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

MapQuality map_quality(const RowSource& rows, const RowSource& map, const MapQualityOptions& options,
                       const Communicator& comm, ThreadPool& pool) {
  require(rows.rows() == map.rows(), "a map of {} rows cannot be compared with {} rows", map.rows(), rows.rows());
  MapQuality quality;
  const std::int64_t n = rows.rows();
  if (n < 2) return quality;
  const auto sample = rows_to_look_at(n, options);
  const std::int64_t k = std::min(options.neighbours, n - 1);
  quality.neighbours = k;
  quality.sample = std::ssize(sample);
  const auto looked_at = static_cast<double>(sample.size() * static_cast<std::size_t>(k));
  const Neighbours on_map = nearest_neighbours(map, sample, k, comm, pool, options.memory_bytes);
  const Neighbours there = nearest_neighbours(rows, sample, k, comm, pool, options.memory_bytes);
  quality.neighbour_recall = static_cast<double>(comm.sum(count_common(there, on_map))) / looked_at;
  if (2 * k < n) {
    const std::int64_t excess = comm.sum(rank_excess(rows, sample, on_map, options, comm, pool));
    quality.trustworthiness =
        1 - 2 * static_cast<double>(excess) / (looked_at * static_cast<double>(2 * n - 3 * k - 1));
  }
  quality.distance_correlation = correlation(rows, map, options);
  return quality;
}

}  // namespace coterie::inline embedding
