#include "distances/pair_products.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace coterie::inline evaluation {
namespace {

constexpr std::int64_t kTerms = 256;  // of one sum: 16 KiB of a panel stay in the first cache
constexpr int kTileRows = 6;          // 6 x 2 sums, 2 vectors of lanes and one of a row fill the 16 registers

#if defined(__AVX2__) && defined(__FMA__)

template <int kRows>
void tile(const float* rows, std::int64_t row_stride, const float* panel, std::int64_t terms, float* out, bool first) {
  __m256 sum[kRows][2];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) sum[r][0] = sum[r][1] = _mm256_setzero_ps();
  for (std::int64_t d = 0; d < terms; ++d) {
    const __m256 low = _mm256_loadu_ps(panel + d * kPanel), high = _mm256_loadu_ps(panel + d * kPanel + 8);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m256 x = _mm256_broadcast_ss(rows + r * row_stride + d);
      sum[r][0] = _mm256_fmadd_ps(x, low, sum[r][0]);
      sum[r][1] = _mm256_fmadd_ps(x, high, sum[r][1]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < 2; ++v) {
      float* const place = out + r * kGroup + v * 8;
      _mm256_storeu_ps(place, first ? sum[r][v] : _mm256_add_ps(_mm256_loadu_ps(place), sum[r][v]));
    }
}

#else

template <int kRows>
void tile(const float* rows, std::int64_t row_stride, const float* panel, std::int64_t terms, float* out, bool first) {
  for (int r = 0; r < kRows; ++r) {
    std::array<float, kPanel> sum{};
    for (std::int64_t d = 0; d < terms; ++d)
      for (std::size_t lane = 0; lane < kPanel; ++lane)
        sum[lane] += rows[r * row_stride + d] * panel[d * kPanel + static_cast<std::int64_t>(lane)];
    for (std::size_t lane = 0; lane < kPanel; ++lane) {
      float& place = out[r * kGroup + static_cast<std::int64_t>(lane)];
      place = first ? sum[lane] : place + sum[lane];
    }
  }
}

#endif

using Tile = void (*)(const float*, std::int64_t, const float*, std::int64_t, float*, bool);

template <int... kCounts>
constexpr std::array<Tile, kTileRows + 1> tiles_of(std::integer_sequence<int, kCounts...>) {
  return {nullptr, tile<kCounts + 1>...};
}
constexpr std::array<Tile, kTileRows + 1> kTiles = tiles_of(std::make_integer_sequence<int, kTileRows>());

}  // namespace

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
      for (std::int64_t r = 0; r < count; r += kTileRows)
        kTiles[static_cast<std::size_t>(std::min<std::int64_t>(kTileRows, count - r))](
            rows + r * columns + begin, columns, panel, terms, place + r * kGroup, begin == 0);
    }
  }
}

double product_error(std::int64_t columns) {
  const auto roundings = static_cast<double>(std::min(columns, kTerms) + columns / kTerms + 4);
  return 1.01 * roundings * 0x1p-24;
}

}  // namespace coterie::inline evaluation
