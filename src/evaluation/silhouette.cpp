#include "coterie/evaluation/silhouette.hpp"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <utility>

#include "cluster_sums.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "coterie/dist/own_blocks.hpp"
#include "distances.hpp"

namespace coterie {
namespace {

/// Rows of a tile. Two tiles meet in strips of kStrip x kTile distances, 256 KiB, which stay in the second cache.
constexpr std::int64_t kTile = 512;
constexpr std::int64_t kStrip = 128;

/// The tile of rows that one side of a pair of tiles holds.
struct Tile {
  RowRange range;
  const float* rows = nullptr;  ///< as given
  std::vector<float> buffer, centred;
  std::vector<float> square_lengths;  ///< of the centred rows

  /// `unit` brings the longest row to about 1, so that no float32 square overflows or vanishes.
  void load(const RowSource& source, RowRange wanted, const std::vector<double>& centre, double unit) {
    if (range == wanted) return;
    range = wanted;
    rows = rows_at(source, range, buffer);
    const std::size_t columns = centre.size();
    centred.resize(static_cast<std::size_t>(range.size()) * columns);
    square_lengths.resize(static_cast<std::size_t>(range.size()));
    for (std::size_t i = 0; i < square_lengths.size(); ++i) {
      double sum = 0;
      for (std::size_t c = 0; c < columns; ++c) {
        const auto x = static_cast<float>((rows[i * columns + c] - centre[c]) * unit);
        centred[i * columns + c] = x;
        sum += static_cast<double>(x) * x;
      }
      square_lengths[i] = static_cast<float>(sum);
    }
  }
};

/// Sums of distances from each row of a tile to each cluster, one labelling after the other: sums[cluster][row].
using TileSums = std::vector<double>;

/// What one thread works with.
struct Desk {
  Tile left, right;
  TileSums left_sums, right_sums;
  std::vector<float> strip, turned;
};

/// All distances of a group of labellings. Sums live in 64-bit integers, so any thread and rank may add to any row.
class DistanceSums {
 public:
  DistanceSums(const RowSource& source, std::span<const Labelling> labellings, const std::vector<double>& centre,
               double longest)
      : source_(source),
        labellings_(labellings),
        centre_(centre),
        tiles_(source.rows(), kTile, 1),
        unit_(longest > 0 ? std::ldexp(1.0, -std::ilogb(longest)) : 1),  // a power of two: silhouettes have no unit
        scale_(4.0 * kTile, tiles_.blocks()),                            // a row is shorter than 2 units
        locks_(static_cast<std::size_t>(tiles_.blocks())) {
    for (const Labelling& labelling : labellings) clusters_ += labelling.clusters;
    sums_.resize(static_cast<std::size_t>(clusters_ * source.rows()));
  }

  /// sums()[cluster * N + row], in steps of the scale, clusters of all labellings one after the other. Collective.
  void run(const Communicator& comm, ThreadPool& pool) {
    const std::int64_t tiles = tiles_.blocks();
    const RowPartition pairs(tiles * (tiles + 1) / 2, 1, comm.size());
    const RowRange own = pairs.blocks_of(comm.rank());
    std::vector<Desk> desks(static_cast<std::size_t>(pool.threads()));
    comm.together([&] {
      pool.for_each(own.size(), [&](std::int64_t p, int worker) {
        const auto [left, right] = tiles_of_pair(own.begin + p);
        add_pair(left, right, desks[static_cast<std::size_t>(worker)]);
      });
    });
    comm.sum(std::span(sums_));
  }

  double sum(std::int64_t cluster, std::int64_t row) const {
    return scale_.value(sums_[static_cast<std::size_t>(cluster * source_.rows() + row)]);
  }

 private:
  /// Pairs of tiles, left <= right, numbered by their right tile: (0,0) (0,1) (1,1) (0,2) (1,2) (2,2) ...
  static std::pair<std::int64_t, std::int64_t> tiles_of_pair(std::int64_t pair) {
    auto right = static_cast<std::int64_t>((std::sqrt(8.0 * static_cast<double>(pair) + 1) - 1) / 2);
    while (right * (right + 1) / 2 > pair) --right;
    while ((right + 1) * (right + 2) / 2 <= pair) ++right;
    return {pair - right * (right + 1) / 2, right};
  }

  void add_pair(std::int64_t left, std::int64_t right, Desk& desk) {
    desk.left.load(source_, tiles_.block(left), centre_, unit_);
    desk.right.load(source_, tiles_.block(right), centre_, unit_);
    desk.left_sums.assign(static_cast<std::size_t>(clusters_ * kTile), 0);
    desk.right_sums.assign(static_cast<std::size_t>(clusters_ * kTile), 0);
    for (std::int64_t first = 0; first < desk.right.range.size(); first += kStrip)
      add_strip(first, std::min(kStrip, desk.right.range.size() - first), left != right, desk);
    store(desk.left.range, left, desk.left_sums);
    if (left != right) store(desk.right.range, right, desk.right_sums);
  }

  /// Rows first .. first+count-1 of the right tile against the whole left tile.
  void add_strip(std::int64_t first, std::int64_t count, bool both_ways, Desk& desk) const {
    const std::int64_t width = desk.left.range.size();
    measure_strip(first, count, desk);
    std::int64_t before = 0;  // clusters of the labellings already done
    if (both_ways) turn(desk.strip.data(), count, width, desk.turned);
    for (const Labelling& labelling : labellings_) {
      const std::int32_t* labels = labelling.labels.data();
      double* left_sums = desk.left_sums.data() + before * kTile;
      add_rows(desk.strip.data(), count, width, labels + desk.right.range.begin + first, left_sums, kTile);
      double* right_sums = desk.right_sums.data() + before * kTile + first;
      if (both_ways) add_rows(desk.turned.data(), width, count, labels + desk.left.range.begin, right_sums, kTile);
      before += labelling.clusters;
    }
  }

  void measure_strip(std::int64_t first, std::int64_t count, Desk& desk) const {
    const auto columns = static_cast<std::int64_t>(centre_.size());
    const std::int64_t width = desk.left.range.size();
    const int n = static_cast<int>(columns), w = static_cast<int>(width);
    desk.strip.resize(static_cast<std::size_t>(kStrip * kTile));
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(count), w, n, 1.0F,
                desk.right.centred.data() + first * columns, n, desk.left.centred.data(), n, 0.0F, desk.strip.data(),
                w);
    std::vector<std::int32_t> close;
    for (std::int64_t j = 0; j < count; ++j) {
      float* row = desk.strip.data() + j * width;
      const auto right = static_cast<std::size_t>(first + j);
      close.clear();
      distances_from_products(row, desk.right.square_lengths[right], desk.left.square_lengths.data(), width, close);
      for (const std::int32_t i : close)
        row[i] = static_cast<float>(
            unit_ * direct_distance(desk.right.rows + (first + j) * columns, desk.left.rows + i * columns, columns));
    }
  }

  void store(RowRange rows, std::int64_t tile, const TileSums& tile_sums) {
    const std::lock_guard lock(locks_[static_cast<std::size_t>(tile)]);
    for (std::int64_t cluster = 0; cluster < clusters_; ++cluster) {
      std::int64_t* sums = sums_.data() + cluster * source_.rows() + rows.begin;
      const double* add = tile_sums.data() + cluster * kTile;
      for (std::int64_t i = 0; i < rows.size(); ++i) sums[i] += scale_.quantise(add[i]);
    }
  }

  const RowSource& source_;
  std::span<const Labelling> labellings_;
  const std::vector<double>& centre_;
  RowPartition tiles_;
  double unit_;
  ExactScale scale_;
  std::vector<std::mutex> locks_;
  std::int64_t clusters_ = 0;
  std::vector<std::int64_t> sums_;
};

/// From the sums of one labelling, whose clusters begin at `first_cluster` of the group.
void score(const DistanceSums& sums, std::int64_t first_cluster, const Labelling& labelling,
           const std::vector<std::int64_t>& sizes, Silhouette& result) {
  const auto rows = std::ssize(labelling.labels);
  result.values.resize(static_cast<std::size_t>(rows));
  result.cluster_means.resize(sizes.size());
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t own = labelling.labels[static_cast<std::size_t>(i)];
    double inner = 0, outer = std::numeric_limits<double>::infinity();
    for (std::int64_t k = 0; k < labelling.clusters; ++k) {
      const auto size = static_cast<double>(sizes[static_cast<std::size_t>(k)]);
      const double sum = sums.sum(first_cluster + k, i);
      if (k == own)
        inner = sum / std::max(size - 1, 1.0);
      else if (size > 0)
        outer = std::min(outer, sum / size);
    }
    const double larger = std::max(inner, outer);
    const bool alone = sizes[static_cast<std::size_t>(own)] == 1;
    const double value = alone || larger == 0 ? 0 : (outer - inner) / larger;
    result.values[static_cast<std::size_t>(i)] = value;
    result.cluster_means[static_cast<std::size_t>(own)] += value;
    result.mean += value;
  }
  result.mean /= static_cast<double>(rows);
  for (std::size_t k = 0; k < sizes.size(); ++k)
    if (sizes[k] > 0) result.cluster_means[k] /= static_cast<double>(sizes[k]);
}

}  // namespace

std::vector<Silhouette> silhouettes(const RowSource& source, std::span<const Labelling> labellings,
                                    const Communicator& comm, ThreadPool& pool, std::int64_t memory_bytes) {
  std::vector<Silhouette> results(labellings.size());
  std::vector<std::vector<std::int64_t>> sizes;
  std::vector<std::size_t> wanted;
  for (std::size_t l = 0; l < labellings.size(); ++l) {
    require(std::ssize(labellings[l].labels) == source.rows(), "{} labels for {} rows", labellings[l].labels.size(),
            source.rows());
    sizes.push_back(cluster_sizes(labellings[l]));
    results[l].reason = undefined_reason(sizes[l]);
    results[l].defined = results[l].reason.empty();
    if (results[l].defined) wanted.push_back(l);
  }
  const std::vector<double> bounds = column_bounds(source, comm, pool);
  if (wanted.empty()) return results;
  const std::vector<double> centre = cluster_means(source, {}, {source.rows()}, bounds, comm, pool);
  double longest = 0;  // no centred row is longer
  for (std::size_t c = 0; c < bounds.size(); ++c) longest += std::pow(bounds[c] + std::abs(centre[c]), 2);
  longest = std::sqrt(longest) * (1 + 1e-5);

  for (std::size_t begin = 0, end = 0; begin < wanted.size(); begin = end) {
    std::vector<Labelling> group;
    std::int64_t clusters = 0;
    for (; end < wanted.size(); ++end) {
      clusters += labellings[wanted[end]].clusters;
      if (end > begin && clusters * source.rows() > memory_bytes / 8) break;
      group.push_back(labellings[wanted[end]]);
    }
    DistanceSums sums(source, group, centre, longest);
    sums.run(comm, pool);
    std::int64_t first_cluster = 0;
    for (std::size_t l = begin; l < end; ++l) {
      score(sums, first_cluster, labellings[wanted[l]], sizes[wanted[l]], results[wanted[l]]);
      first_cluster += labellings[wanted[l]].clusters;
    }
  }
  return results;
}

Silhouette silhouette(const RowSource& source, const Labelling& labelling, const Communicator& comm, ThreadPool& pool) {
  return std::move(silhouettes(source, std::span(&labelling, 1), comm, pool).front());
}

}  // namespace coterie
