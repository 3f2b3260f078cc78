#include "bytes/byte_panels.hpp"

#include <limits>

#include "coterie/tiles/row_tiles.hpp"

namespace coterie::inline clustering {
namespace {

constexpr int kLanes = static_cast<int>(BytePanels::kLanes);

struct GroupOfPanel {
  const std::int16_t* packed;  // [pair][lane][2]
  const std::int32_t *quotient, *remainder;
  std::int32_t number;
};

using ByteTiles = RowTiles<void (*)(const std::int16_t*, std::int64_t, const GroupOfPanel&, LaneBest*)>;

}  // namespace
}  // namespace coterie::inline clustering

#define COTERIE_KERNELS "bytes/byte_tiles.hpp"
#include "coterie/tiles/each_width.hpp"

namespace coterie::inline clustering {

BytePanels::BytePanels(std::span<const std::int16_t> centroids, std::int64_t count, std::int64_t row_columns)
    : k(count), columns(row_columns), pairs((row_columns + 1) / 2) {
  const std::int64_t all = (k + kLanes - 1) / kLanes * kLanes;
  packed.assign(static_cast<std::size_t>(all * pairs * 2), 0);
  quotient.assign(static_cast<std::size_t>(all), std::numeric_limits<std::int32_t>::max());
  remainder.assign(static_cast<std::size_t>(all), 0);
  for (std::int64_t c = 0; c < k; ++c) {
    std::int64_t square = 0;
    for (std::int64_t d = 0; d < columns; ++d) {
      const std::int16_t value = centroids[static_cast<std::size_t>(c * columns + d)];
      square += std::int64_t{value} * value;
      const std::int64_t place = ((c / kLanes * pairs + d / 2) * kLanes + c % kLanes) * 2 + d % 2;
      packed[static_cast<std::size_t>(place)] = value;
    }
    quotient[static_cast<std::size_t>(c)] = static_cast<std::int32_t>(square / 256);
    remainder[static_cast<std::size_t>(c)] = static_cast<std::int32_t>(square % 256);
  }
}

void compete(const BytePanels& panels, const std::int16_t* rows, std::int64_t count, LaneBest* best) {
  for (std::int64_t g = 0; g < panels.groups(); ++g) {
    const GroupOfPanel group{panels.packed.data() + g * panels.pairs * kLanes * 2, panels.quotient.data() + g * kLanes,
                             panels.remainder.data() + g * kLanes, static_cast<std::int32_t>(g)};
    kernels().for_each(count, [&](auto tile, std::int64_t first, std::int64_t) {
      tile(rows + first * panels.pairs * 2, panels.pairs, group, best + first);
    });
  }
}

}  // namespace coterie::inline clustering
