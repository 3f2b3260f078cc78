#include "bytes/byte_panels.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kLanes = BytePanels::kLanes;
using Way = void (*)(const BytePanels&, const std::int16_t*, std::int64_t, LaneBest*);

const std::int16_t* group_of(const BytePanels& panels, std::int64_t group) {
  return panels.packed.data() + group * panels.pairs * kLanes * 2;
}

inline std::int32_t pair_at(const std::int16_t* values) {
  std::int32_t pair;
  std::memcpy(&pair, values, sizeof pair);
  return pair;
}

void settle_lane(LaneBest& best, std::size_t lane, std::int32_t score, std::int32_t remainder, std::int64_t group) {
  if (score > best.score[lane] || (score == best.score[lane] && remainder >= best.remainder[lane])) return;
  best.score[lane] = score;
  best.remainder[lane] = remainder;
  best.group[lane] = static_cast<std::int32_t>(group);
}

#if defined(__x86_64__)

__attribute__((target("avx512f,avx512bw,avx512vnni"))) void settle_512(LaneBest& best, __m512i product,
                                                                       __m512i quotient, __m512i remainder,
                                                                       std::int64_t group) {
  const __m512i score = _mm512_sub_epi32(quotient, product);
  const __m512i old = _mm512_load_si512(best.score.data()), old_remainder = _mm512_load_si512(best.remainder.data());
  const __mmask16 wins = _mm512_cmplt_epi32_mask(score, old) |
                         (_mm512_cmpeq_epi32_mask(score, old) & _mm512_cmplt_epi32_mask(remainder, old_remainder));
  _mm512_store_si512(best.score.data(), _mm512_mask_mov_epi32(old, wins, score));
  _mm512_store_si512(best.remainder.data(), _mm512_mask_mov_epi32(old_remainder, wins, remainder));
  _mm512_mask_store_epi32(best.group.data(), wins, _mm512_set1_epi32(static_cast<std::int32_t>(group)));
}

// ROWS rows against GROUPS groups: their products stay in registers, 16 of them at most.
template <int ROWS, int GROUPS>
__attribute__((target("avx512f,avx512bw,avx512vnni"))) void tile_512(const BytePanels& panels, std::int64_t group,
                                                                     const std::int16_t* rows, LaneBest* best) {
  __m512i sums[ROWS][GROUPS];
  for (auto& row : sums)
    for (auto& sum : row) sum = _mm512_setzero_si512();
  const std::int64_t stride = 2 * panels.pairs;
  const std::int16_t* packed = group_of(panels, group);
  for (std::int64_t p = 0; p < panels.pairs; ++p) {
    __m512i values[GROUPS];
    for (int g = 0; g < GROUPS; ++g) values[g] = _mm512_loadu_si512(packed + (g * panels.pairs + p) * kLanes * 2);
    for (int r = 0; r < ROWS; ++r) {
      const __m512i pair = _mm512_set1_epi32(pair_at(rows + r * stride + 2 * p));
      for (int g = 0; g < GROUPS; ++g) sums[r][g] = _mm512_dpwssd_epi32(sums[r][g], values[g], pair);
    }
  }
  for (int g = 0; g < GROUPS; ++g) {
    const __m512i quotient = _mm512_loadu_si512(panels.quotient.data() + (group + g) * kLanes);
    const __m512i remainder = _mm512_loadu_si512(panels.remainder.data() + (group + g) * kLanes);
    for (int r = 0; r < ROWS; ++r) settle_512(best[r], sums[r][g], quotient, remainder, group + g);
  }
}

template <int GROUPS>
void rows_512(const BytePanels& panels, std::int64_t group, const std::int16_t* rows, std::int64_t count,
              LaneBest* best) {
  const std::int64_t stride = 2 * panels.pairs;
  std::int64_t row = 0;
  for (; row + 8 <= count; row += 8) tile_512<8, GROUPS>(panels, group, rows + row * stride, best + row);
  for (; row < count; ++row) tile_512<1, GROUPS>(panels, group, rows + row * stride, best + row);
}

void compete_512(const BytePanels& panels, const std::int16_t* rows, std::int64_t count, LaneBest* best) {
  std::int64_t group = 0;
  for (; group + 2 <= panels.groups(); group += 2) rows_512<2>(panels, group, rows, count, best);
  if (group < panels.groups()) rows_512<1>(panels, group, rows, count, best);
}

__attribute__((target("avx2"))) void settle_256(LaneBest& best, int half, __m256i product, const BytePanels& panels,
                                                std::int64_t group) {
  const auto* quotient = reinterpret_cast<const __m256i*>(panels.quotient.data() + group * kLanes) + half;
  const auto* remainders = reinterpret_cast<const __m256i*>(panels.remainder.data() + group * kLanes) + half;
  auto* scores = reinterpret_cast<__m256i*>(best.score.data()) + half;
  auto* kept = reinterpret_cast<__m256i*>(best.remainder.data()) + half;
  auto* groups = reinterpret_cast<__m256i*>(best.group.data()) + half;
  const __m256i score = _mm256_sub_epi32(_mm256_loadu_si256(quotient), product);
  const __m256i remainder = _mm256_loadu_si256(remainders);
  const __m256i old = _mm256_load_si256(scores), old_remainder = _mm256_load_si256(kept);
  const __m256i wins =
      _mm256_or_si256(_mm256_cmpgt_epi32(old, score),
                      _mm256_and_si256(_mm256_cmpeq_epi32(old, score), _mm256_cmpgt_epi32(old_remainder, remainder)));
  _mm256_store_si256(scores, _mm256_blendv_epi8(old, score, wins));
  _mm256_store_si256(kept, _mm256_blendv_epi8(old_remainder, remainder, wins));
  const __m256i number = _mm256_set1_epi32(static_cast<std::int32_t>(group));
  _mm256_store_si256(groups, _mm256_blendv_epi8(_mm256_load_si256(groups), number, wins));
}

template <int ROWS>
__attribute__((target("avx2"))) void tile_256(const BytePanels& panels, std::int64_t group, const std::int16_t* rows,
                                              LaneBest* best) {
  __m256i sums[ROWS][2];
  for (auto& row : sums)
    for (auto& sum : row) sum = _mm256_setzero_si256();
  const std::int64_t stride = 2 * panels.pairs;
  const std::int16_t* packed = group_of(panels, group);
  for (std::int64_t p = 0; p < panels.pairs; ++p) {
    const auto* values = reinterpret_cast<const __m256i*>(packed + p * kLanes * 2);
    const __m256i low = _mm256_loadu_si256(values), high = _mm256_loadu_si256(values + 1);
    for (int r = 0; r < ROWS; ++r) {
      const __m256i pair = _mm256_set1_epi32(pair_at(rows + r * stride + 2 * p));
      sums[r][0] = _mm256_add_epi32(sums[r][0], _mm256_madd_epi16(low, pair));
      sums[r][1] = _mm256_add_epi32(sums[r][1], _mm256_madd_epi16(high, pair));
    }
  }
  for (int r = 0; r < ROWS; ++r)
    for (int half = 0; half < 2; ++half) settle_256(best[r], half, sums[r][half], panels, group);
}

void compete_256(const BytePanels& panels, const std::int16_t* rows, std::int64_t count, LaneBest* best) {
  const std::int64_t stride = 2 * panels.pairs;
  for (std::int64_t group = 0; group < panels.groups(); ++group) {
    std::int64_t row = 0;
    for (; row + 6 <= count; row += 6) tile_256<6>(panels, group, rows + row * stride, best + row);
    for (; row < count; ++row) tile_256<1>(panels, group, rows + row * stride, best + row);
  }
}

#endif

std::vector<Way> find_ways() {
  std::vector<Way> ways{compete_plain};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) ways.push_back(compete_256);
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vnni")) ways.push_back(compete_512);
#endif
  return ways;
}

}  // namespace

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

void compete_plain(const BytePanels& panels, const std::int16_t* rows, std::int64_t count, LaneBest* best) {
  for (std::int64_t group = 0; group < panels.groups(); ++group)
    for (std::int64_t row = 0; row < count; ++row)
      for (std::int64_t lane = 0; lane < kLanes; ++lane) {
        std::int32_t product = 0;
        for (std::int64_t d = 0; d < 2 * panels.pairs; ++d)
          product += rows[row * 2 * panels.pairs + d] * group_of(panels, group)[(d / 2 * kLanes + lane) * 2 + d % 2];
        const auto number = static_cast<std::size_t>(group * kLanes + lane);
        settle_lane(best[row], static_cast<std::size_t>(lane), panels.quotient[number] - product,
                    panels.remainder[number], group);
      }
}

std::span<const Way> ways_to_compete() {
  static const std::vector<Way> ways = find_ways();
  return ways;
}

void compete(const BytePanels& panels, const std::int16_t* rows, std::int64_t count, LaneBest* best) {
  static const Way way = ways_to_compete().back();
  way(panels, rows, count, best);
}

}  // namespace coterie::inline clustering
