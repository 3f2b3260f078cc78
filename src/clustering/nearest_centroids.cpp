#include "nearest_centroids.hpp"

#include <algorithm>

#include "elkan.hpp"
#include "yinyang.hpp"

namespace coterie {
namespace {

// Columns from which a distance costs so much more than its bound that one bound for each pays (measured at 256 and
// 4096 columns: at 256, groups are a tenth to a third faster).
constexpr std::int64_t kLongRow = 1024;

}  // namespace

std::unique_ptr<NearestCentroids> nearest_centroids(const LocalRows& rows, std::int64_t centroids, Bounds bounds,
                                                    std::int64_t memory_bytes) {
  const std::int64_t widest = std::max(std::int64_t{1}, rows.communicator().max(rows.count()));
  const std::int64_t numbers = memory_bytes / 4 / widest;  // that a row may keep
  if (bounds == Bounds::automatic) {
    const bool elkan = rows.columns() >= kLongRow && numbers >= Elkan::numbers_per_row(centroids);
    bounds = elkan ? Bounds::elkan : Bounds::yinyang;
    if (numbers < Yinyang::numbers_per_row(1)) bounds = Bounds::none;
  }
  switch (bounds) {
    case Bounds::elkan:
      return std::make_unique<Elkan>(rows, centroids);
    case Bounds::hamerly:
      return std::make_unique<Yinyang>(rows, centroids, 1);
    case Bounds::none:
      return std::make_unique<Yinyang>(rows, centroids, 0);
    default:
      break;
  }
  const std::int64_t groups = numbers - Yinyang::numbers_per_row(0);
  return std::make_unique<Yinyang>(rows, centroids, std::max(std::int64_t{1}, groups));
}

}  // namespace coterie
