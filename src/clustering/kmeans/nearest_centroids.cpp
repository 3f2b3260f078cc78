#include "kmeans/nearest_centroids.hpp"

#include <algorithm>

#include "kmeans/elkan.hpp"
#include "kmeans/yinyang.hpp"

namespace coterie::inline clustering {
namespace {

// Columns from which a distance costs so much more than its bound that one bound for each pays (measured at 256 and
// 4096 columns: at 256, groups are a tenth to a third faster).
constexpr std::int64_t kLongRow = 1024;

}  // namespace

std::unique_ptr<NearestCentroids> nearest_centroids(const LocalRows& rows, std::int64_t centroids, KMeansBounds bounds,
                                                    std::int64_t memory_bytes) {
  const std::int64_t widest = std::max(std::int64_t{1}, rows.communicator().max(rows.count()));
  const std::int64_t numbers = memory_bytes / 4 / widest;  // that a row may keep
  if (bounds == KMeansBounds::automatic) {
    const bool elkan = rows.columns() >= kLongRow && numbers >= Elkan::numbers_per_row(centroids);
    bounds = elkan ? KMeansBounds::elkan : KMeansBounds::yinyang;
    if (numbers < Yinyang::numbers_per_row(1)) bounds = KMeansBounds::none;
  }
  switch (bounds) {
    case KMeansBounds::elkan:
      return std::make_unique<Elkan>(rows, centroids);
    case KMeansBounds::hamerly:
      return std::make_unique<Yinyang>(rows, centroids, 1);
    case KMeansBounds::none:
      return std::make_unique<Yinyang>(rows, centroids, 0);
    default:
      break;
  }
  const std::int64_t groups = numbers - Yinyang::numbers_per_row(0);
  return std::make_unique<Yinyang>(rows, centroids, std::max(std::int64_t{1}, groups));
}

void NearestCentroids::examine_doubtful(RowRange block, BlockInHand& hand, bool stand_ins,
                                        const std::function<void()>& examine) const {
  if (hand.doubtful.empty()) return;
  hand.exact = !stand_ins || rows_.half().empty();
  if (hand.exact) {
    hand.rows = rows_.values(block, hand.buffer);
    return examine();
  }
  hand.again.clear();
  hand.buffer.resize(static_cast<std::size_t>(kBlockRows * columns_));
  for (const auto i : hand.doubtful)
    rows_.half().decode(block.begin + i, rows_.middle(), hand.buffer.data() + i * columns_);
  hand.rows = hand.buffer.data();
  examine();
  rows_.read_some(block, hand.again, hand.buffer);
  hand.doubtful = hand.again;
  hand.exact = true;
  examine();
}

}  // namespace coterie::inline clustering
