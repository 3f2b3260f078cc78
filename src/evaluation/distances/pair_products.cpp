#include "coterie/evaluation/pair_distances.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "coterie/tiles/row_tiles.hpp"

namespace coterie::inline evaluation {
namespace {

constexpr std::int64_t kTerms = 256;  // of one sum: 16 KiB of a panel stay in the first cache

using ProductTiles = RowTiles<void (*)(const float*, std::int64_t, const float*, std::int64_t, float*, bool)>;

}  // namespace
}  // namespace coterie::inline evaluation

#define COTERIE_KERNELS "distances/product_tiles.hpp"
#include "coterie/tiles/each_width.hpp"

namespace coterie::inline evaluation {

void LaneTile::pack(const float* centred, std::int64_t count, std::int64_t columns) {
  size = count;
  const std::int64_t filled = (size + kPanel - 1) / kPanel;
  panels.resize(static_cast<std::size_t>(filled * kPanel * columns));
  for (std::int64_t p = 0; p < filled; ++p) {
    float* const panel = panels.data() + p * kPanel * columns;
    const std::int64_t used = std::min(kPanel, size - p * kPanel);
    if (used < kPanel) std::fill(panel, panel + kPanel * columns, 0.0F);
    for (std::int64_t lane = 0; lane < used; ++lane) {
      const float* const row = centred + (p * kPanel + lane) * columns;
      for (std::int64_t d = 0; d < columns; ++d) panel[d * kPanel + lane] = row[d];
    }
  }
}

void LaneTile::pack(const CentredView& rows, std::int64_t columns) {
  pack(rows.centred, rows.size(), columns);
  square_lengths.assign(static_cast<std::size_t>(groups() * kGroup), 0);
  std::copy(rows.square_lengths, rows.square_lengths + size, square_lengths.begin());
  given.assign(rows.given.begin(), rows.given.end());
}

void pair_products(const LaneTile& lanes, std::int64_t first, std::int64_t groups, const float* rows,
                   std::int64_t count, std::int64_t columns, float* out, std::int64_t group_stride) {
  constexpr std::int64_t kPanels = kGroup / kPanel;
  const auto filled = static_cast<std::int64_t>(lanes.panels.size()) / std::max<std::int64_t>(kPanel * columns, 1);
  const std::int64_t last = std::min((first + groups) * kPanels, filled);
  for (std::int64_t begin = 0; begin < columns; begin += kTerms) {
    const std::int64_t terms = std::min(kTerms, columns - begin);
    for (std::int64_t p = first * kPanels; p < last; ++p) {
      const float* const panel = lanes.panels.data() + (p * columns + begin) * kPanel;
      float* const place = out + (p / kPanels - first) * group_stride + p % kPanels * kPanel;
      kernels().for_each(count, [&](auto tile, std::int64_t r, std::int64_t) {
        tile(rows + r * columns + begin, columns, panel, terms, place + r * kGroup, begin == 0);
      });
    }
  }
}

double product_error(std::int64_t columns) {
  const auto roundings = static_cast<double>(std::min(columns, kTerms) + columns / kTerms + 4);
  return 1.01 * roundings * 0x1p-24;
}

}  // namespace coterie::inline evaluation
