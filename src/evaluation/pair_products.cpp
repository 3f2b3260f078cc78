#include "pair_products.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace coterie {
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

/// One row moved and scaled, and its square length in a fixed order.
float centre_row(const float* row, const Centring& centring, float* out) {
  const double* centre = centring.centre.data();
  const std::int64_t columns = centring.columns();
  std::array<double, 8> lanes{};
  std::int64_t c = 0;
  for (; c + 8 <= columns; c += 8)
    for (std::int64_t lane = 0; lane < 8; ++lane) {
      const auto x = static_cast<float>((row[c + lane] - centre[c + lane]) * centring.unit);
      out[c + lane] = x;
      lanes[static_cast<std::size_t>(lane)] += static_cast<double>(x) * static_cast<double>(x);
    }
  for (; c < columns; ++c) {
    const auto x = static_cast<float>((row[c] - centre[c]) * centring.unit);
    out[c] = x;
    lanes[0] += static_cast<double>(x) * static_cast<double>(x);
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return static_cast<float>(sum);
}

}  // namespace

Centring centring_of(const std::vector<double>& bounds, std::vector<double> centre) {
  double longest = 0;  // no centred row is longer
  for (std::size_t c = 0; c < bounds.size(); ++c) longest += std::pow(bounds[c] + std::abs(centre[c]), 2);
  longest = std::sqrt(longest) * (1 + 1e-5);
  return {std::move(centre), longest > 0 ? std::ldexp(1.0, -std::ilogb(longest)) : 1};
}

void RowTile::load(const RowSource& source, RowRange range, const Centring& centring) {
  numbers_.resize(static_cast<std::size_t>(range.size()));
  for (std::size_t i = 0; i < numbers_.size(); ++i) numbers_[i] = range.begin + static_cast<std::int64_t>(i);
  load(source, numbers_, centring);
}

void RowTile::load(const RowSource& source, std::span<const std::int64_t> rows, const Centring& centring) {
  const auto columns = static_cast<std::size_t>(centring.columns());
  given.resize(rows.size());
  buffer_.resize(source.resident({0, 1}) != nullptr ? 0 : rows.size() * columns);
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    end = begin + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    const RowRange run{rows[begin], rows[end - 1] + 1};
    const float* there = source.resident(run);
    if (there == nullptr) {
      buffer_.resize(rows.size() * columns);
      source.read(run, buffer_.data() + begin * columns);
      there = buffer_.data() + begin * columns;
    }
    for (std::size_t i = begin; i < end; ++i, there += columns) given[i] = there;
  }
  centre_given(centring);
}

void RowTile::centre_given(const Centring& centring) {
  const auto columns = static_cast<std::size_t>(centring.columns());
  centred.resize(given.size() * columns);
  square_lengths.resize(given.size());
  for (std::size_t i = 0; i < given.size(); ++i)
    square_lengths[i] = centre_row(given[i], centring, centred.data() + i * columns);
}

void LaneTile::load(const RowSource& source, std::span<const std::int64_t> numbers, const Centring& centring) {
  rows.load(source, numbers, centring);
  pack(rows.centred.data(), rows.size(), centring.columns());
  square_lengths.assign(static_cast<std::size_t>(groups() * kGroup), 0);
  std::ranges::copy(rows.square_lengths, square_lengths.begin());
}

void LaneTile::pack(const float* centred, std::int64_t size, std::int64_t columns) {
  const std::int64_t count = (size + kPanel - 1) / kPanel;
  panels.resize(static_cast<std::size_t>(count * kPanel * columns));
  for (std::int64_t p = 0; p < count; ++p) {
    float* const panel = panels.data() + p * kPanel * columns;
    const std::int64_t used = std::min(kPanel, size - p * kPanel);
    if (used < kPanel) std::fill(panel, panel + kPanel * columns, 0.0F);
    for (std::int64_t lane = 0; lane < used; ++lane) {
      const float* const row = centred + (p * kPanel + lane) * columns;
      for (std::int64_t d = 0; d < columns; ++d) panel[d * kPanel + lane] = row[d];
    }
  }
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

}  // namespace coterie
