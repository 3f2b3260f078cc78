#include "coterie/embedding/neighbours.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/dist/own_blocks.hpp"
#include "coterie/evaluation/pair_distances.hpp"
#include "neighbours/nearest_lists.hpp"

namespace coterie::inline embedding {
namespace {

constexpr std::int64_t kTileRows = 256;
constexpr std::int64_t kSpare = 8;  // measured anew beside those that are wanted
constexpr auto kNoRow = std::numeric_limits<std::int32_t>::max();

static_assert(kMapBlock == kGroup);

// In double, terms in ascending order.
double distance_between(const float* a, const float* b, std::int64_t columns) {
  double sum = 0;
  for (std::int64_t c = 0; c < columns; ++c) {
    const double difference = static_cast<double>(a[c]) - static_cast<double>(b[c]);
    sum += difference * difference;
  }
  return std::sqrt(sum);
}

// What is looked for: the nearest of `source` to rows of `asked`, which may be the same.
struct Search {
  const RowSource& source;
  const RowSource& asked;
  std::int64_t count = 0;

  bool is_within() const { return &source == &asked; }
  std::int64_t most() const { return std::max<std::int64_t>(source.rows() - (is_within() ? 1 : 0), 0); }
};

// What one thread works with.
class BlockWorker {
 public:
  BlockWorker(const Search& search, const Centring& centring, const CentredRows& rows)
      : search_(search), source_(search.source), centring_(centring), rows_(rows), count_(search.count) {}

  /// Of up to kGroup rows; `indices` and `distances` have room for `count` of each.
  void run(std::span<const std::int64_t> block, std::int32_t* indices, double* distances) {
    lane_rows_.load(search_.asked, block, centring_);
    lanes_.pack(lane_rows_.rows(), centring_.columns());
    std::array<std::int32_t, kGroup> own;
    own.fill(-1);
    std::transform(block.begin(), block.end(), own.begin(),
                   [&](auto row) { return search_.is_within() ? static_cast<std::int32_t>(row) : kNoRow; });
    lists_.begin(std::min(count_ + kSpare, search_.most()), own);
    measured_.resize(static_cast<std::size_t>(kTileRows * kGroup));
    for (std::int64_t first = 0; first < source_.rows(); first += kTileRows) {
      const CentredView rows = rows_.rows({first, std::min(first + kTileRows, source_.rows())}, tile_);
      pair_distances(lanes_, rows, centring_, measured_.data(), kTileRows * kGroup);
      for (std::int64_t r = 0; r < rows.size(); ++r)
        lists_.add(static_cast<std::int32_t>(first + r), measured_.data() + r * kGroup);
    }
    for (std::int64_t lane = 0; lane < std::ssize(block); ++lane, indices += count_, distances += count_)
      finish(lane, indices, distances);
  }

 private:
  void finish(std::int64_t lane, std::int32_t* indices, double* distances) {
    exact_.clear();
    for (const Candidate& candidate : lists_.finish(lane))
      exact_.emplace_back(distance_to(lane, candidate.row), candidate.row);
    std::sort(exact_.begin(), exact_.end());
    for (std::size_t i = 0; i < static_cast<std::size_t>(count_); ++i) {
      distances[i] = exact_[i].first;
      indices[i] = exact_[i].second;
    }
  }

  double distance_to(std::int64_t lane, std::int64_t row) {
    const float* const own = lane_rows_.rows().given[static_cast<std::size_t>(lane)];
    return distance_between(own, rows_at(source_, {row, row + 1}, buffer_), centring_.columns());
  }

  const Search& search_;
  const RowSource& source_;
  const Centring& centring_;
  const CentredRows& rows_;
  const std::int64_t count_;
  LaneTile lanes_;
  RowTile lane_rows_, tile_;
  NearestLists lists_;
  std::vector<float> measured_, buffer_;
  std::vector<std::pair<double, std::int32_t>> exact_;
};

std::vector<std::int64_t> all_rows(std::int64_t rows) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(rows));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// Of these rows of those that are asked for.
Neighbours find(const Search& search, std::span<const std::int64_t> rows, const Communicator& comm, ThreadPool& pool,
                std::int64_t memory_bytes) {
  const RowSource& source = search.source;
  require(source.rows() < kNoRow, "{} rows are more than the 2^31 that there may be", source.rows());
  const Centring centring = centring_of(source, comm, pool);
  const RowPartition blocks(std::ssize(rows), kMapBlock, comm.size());
  const RowRange own = blocks.blocks_of(comm.rank());
  const std::int64_t count = search.count;
  Neighbours found{count, blocks.rows_of(comm.rank()), {}, {}};
  found.indices.resize(static_cast<std::size_t>(found.local.size() * count));
  found.distances.resize(found.indices.size());
  const auto all = all_rows(source.rows());
  comm.together([&] {
    const CentredRows centred(source, all, centring, memory_bytes, pool);
    std::vector<BlockWorker> workers;
    for (int thread = 0; thread < pool.threads(); ++thread) workers.emplace_back(search, centring, centred);
    pool.for_each(own.size(), [&](std::int64_t b, int worker) {
      const RowRange block = blocks.block(own.begin + b);
      const std::int64_t first = (block.begin - found.local.begin) * count;
      workers[static_cast<std::size_t>(worker)].run(
          rows.subspan(static_cast<std::size_t>(block.begin), static_cast<std::size_t>(block.size())),
          found.indices.data() + first, found.distances.data() + first);
    });
  });
  return found;
}

}  // namespace

Neighbours nearest_neighbours(const RowSource& source, std::span<const std::int64_t> rows, std::int64_t count,
                              const Communicator& comm, ThreadPool& pool, std::int64_t memory_bytes) {
  require(count >= 0 && count < std::max<std::int64_t>(source.rows(), 1),
          "{} nearest neighbours were asked for of {} rows, of which each has {} others", count, source.rows(),
          source.rows() - 1);
  return find({source, source, count}, rows, comm, pool, memory_bytes);
}

Neighbours nearest_among(const RowSource& source, const RowSource& others, std::int64_t count, const Communicator& comm,
                         ThreadPool& pool, std::int64_t memory_bytes) {
  require(count >= 0 && count <= source.rows(), "{} nearest neighbours were asked for among {} rows", count,
          source.rows());
  require(others.columns() == source.columns(), "rows of {} numbers have no neighbours among rows of {}",
          others.columns(), source.columns());
  return find({source, others, count}, all_rows(others.rows()), comm, pool, memory_bytes);
}

Neighbours nearest_neighbours(const RowSource& source, std::int64_t count, const Communicator& comm, ThreadPool& pool,
                              std::int64_t memory_bytes) {
  return nearest_neighbours(source, all_rows(source.rows()), count, comm, pool, memory_bytes);
}

void first_neighbours(Neighbours& neighbours, std::int64_t count) {
  if (count >= neighbours.count) return;
  Neighbours fewer{count, neighbours.local, {}, {}};
  for (std::int64_t i = fewer.local.begin; i < fewer.local.end; ++i) {
    const auto indices = neighbours.indices_of(i).first(static_cast<std::size_t>(count));
    const auto distances = neighbours.distances_of(i).first(static_cast<std::size_t>(count));
    fewer.indices.insert(fewer.indices.end(), indices.begin(), indices.end());
    fewer.distances.insert(fewer.distances.end(), distances.begin(), distances.end());
  }
  neighbours = std::move(fewer);
}

}  // namespace coterie::inline embedding
