#include "coterie/tiles/byte_products.hpp"

#include <algorithm>
#include <cstdlib>

#include "coterie/base/errors.hpp"
#include "coterie/tiles/row_tiles.hpp"

namespace coterie::inline tiles {
namespace {

constexpr int kPanelLanes = 16;
constexpr std::int64_t kRowsAtOnce = 96;  // of 128 columns: 24 KB of pairs, beside 4 KB of a panel

using ByteTiles =
    RowTiles<void (*)(const std::int32_t*, std::int64_t, const std::int32_t*, std::int32_t*, std::int64_t)>;

std::int32_t pair(std::int32_t low, std::int32_t high) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(low & 0xFFFF) | static_cast<std::uint32_t>(high) << 16);
}

/// The pairs of one row or vector; an odd last number has a zero beside it.
template <typename Number, typename Place>
void lay_out(const Number* numbers, std::int64_t columns, const Place& place) {
  for (std::int64_t d = 0; d < columns; d += 2)
    place(d / 2) = pair(numbers[d], d + 1 < columns ? numbers[d + 1] : Number{0});
}

}  // namespace
}  // namespace coterie::inline tiles

#define COTERIE_KERNELS "byte_kernels.hpp"
#include "coterie/tiles/each_width.hpp"

namespace coterie::inline tiles {

BytePanels::BytePanels(const std::int16_t* vectors, std::int64_t count, std::int64_t columns)
    : columns_(columns),
      pairs_((columns + 1) / 2),
      lanes_((count + kPanelLanes - 1) / kPanelLanes * kPanelLanes),
      panels_(static_cast<std::size_t>(lanes_ * pairs_)) {
  for (std::int64_t k = 0; k < count; ++k) {
    const std::int16_t* const vector = vectors + k * columns;
    std::int64_t largest = 0;
    for (std::int64_t d = 0; d < columns; ++d) largest += 255 * std::abs(std::int64_t{vector[d]});
    require(largest < (std::int64_t{1} << 31), "BytePanels: products with vector {} may reach {}, beyond 32 bits", k,
            largest);
    std::int32_t* const panel = panels_.data() + k / kPanelLanes * pairs_ * kPanelLanes + k % kPanelLanes;
    lay_out(vector, columns, [&](std::int64_t i) -> std::int32_t& { return panel[i * kPanelLanes]; });
  }
}

void BytePanels::products(const std::uint8_t* rows, std::int64_t count, std::int32_t* out) const {
  AlignedVector<std::int32_t> wide(static_cast<std::size_t>(std::min(count, kRowsAtOnce) * pairs_));
  for (std::int64_t begin = 0; begin < count; begin += kRowsAtOnce) {
    const std::int64_t here = std::min(kRowsAtOnce, count - begin);
    for (std::int64_t r = 0; r < here; ++r)
      lay_out(rows + (begin + r) * columns_, columns_,
              [&](std::int64_t i) -> std::int32_t& { return wide[static_cast<std::size_t>(r * pairs_ + i)]; });
    for (std::int64_t lane = 0; lane < lanes_; lane += kPanelLanes)
      kernels().for_each(here, [&](auto tile, std::int64_t first, std::int64_t) {
        tile(wide.data() + first * pairs_, pairs_, panels_.data() + lane * pairs_,
             out + (begin + first) * lanes_ + lane, lanes_);
      });
  }
}

}  // namespace coterie::inline tiles
