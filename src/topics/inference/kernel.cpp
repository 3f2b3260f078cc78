#include "inference/kernel.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace coterie::inline topics {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();  // scikit-learn's guard against n_w = 0
constexpr double kMagic = 0x1.8p52;
constexpr std::int64_t kMagicBits = std::bit_cast<std::int64_t>(kMagic);

#if defined(__AVX2__) && defined(__FMA__)

/// One lane for each of four words: the sums over lanes of four vectors.
inline __m256d across(__m256d a, __m256d b, __m256d c, __m256d d) {
  const __m256d low = _mm256_hadd_pd(a, b), high = _mm256_hadd_pd(c, d);
  return _mm256_add_pd(_mm256_permute2f128_pd(low, high, 0x20), _mm256_permute2f128_pd(low, high, 0x31));
}

/// n_w of four words.
inline __m256d weights_of_tile(const double* const* rows, std::int64_t topics, const double* weights) {
  __m256d a = _mm256_setzero_pd(), b = a, c = a, d = a;
  const double *first = rows[0], *second = rows[1], *third = rows[2], *fourth = rows[3];
  for (std::int64_t k = 0; k < topics; k += kLane) {
    const __m256d t = _mm256_loadu_pd(weights + k);
    a = _mm256_fmadd_pd(t, _mm256_loadu_pd(first + k), a);
    b = _mm256_fmadd_pd(t, _mm256_loadu_pd(second + k), b);
    c = _mm256_fmadd_pd(t, _mm256_loadu_pd(third + k), c);
    d = _mm256_fmadd_pd(t, _mm256_loadu_pd(fourth + k), d);
  }
  return across(a, b, c, d);
}

/// sums += the tile's rows, each by its factor.
inline void fold_tile(const double* const* rows, std::int64_t topics, __m256d factors, double* sums) {
  alignas(32) std::array<double, 4> factor;
  _mm256_store_pd(factor.data(), factors);
  const __m256d a = _mm256_broadcast_sd(&factor[0]), b = _mm256_broadcast_sd(&factor[1]),
                c = _mm256_broadcast_sd(&factor[2]), d = _mm256_broadcast_sd(&factor[3]);
  const double *first = rows[0], *second = rows[1], *third = rows[2], *fourth = rows[3];
  for (std::int64_t k = 0; k < topics; k += kLane) {
    __m256d sum = _mm256_loadu_pd(sums + k);
    sum = _mm256_fmadd_pd(a, _mm256_loadu_pd(first + k), sum);
    sum = _mm256_fmadd_pd(b, _mm256_loadu_pd(second + k), sum);
    sum = _mm256_fmadd_pd(c, _mm256_loadu_pd(third + k), sum);
    sum = _mm256_fmadd_pd(d, _mm256_loadu_pd(fourth + k), sum);
    _mm256_storeu_pd(sums + k, sum);
  }
}

#endif

/// The sum of four lanes as `across` adds them.
inline double across(const std::array<double, 4>& lane) { return (lane[0] + lane[1]) + (lane[2] + lane[3]); }

}  // namespace

double dot(const double* a, const double* b, std::int64_t topics) {
  std::array<double, 4> lanes{};
  for (std::int64_t k = 0; k < topics; k += kLane)
    for (std::size_t lane = 0; lane < 4; ++lane)
      lanes[lane] =
          std::fma(a[k + static_cast<std::int64_t>(lane)], b[k + static_cast<std::int64_t>(lane)], lanes[lane]);
  return across(lanes);
}

namespace {

/// y[k] += a x[k].
inline void add_scaled(double a, const double* __restrict x, std::int64_t topics, double* __restrict y) {
  for (std::int64_t k = 0; k < topics; ++k) y[k] = std::fma(a, x[k], y[k]);
}

/// `kTopics` of mix_rows(), which stay in registers; likewise of deal_out().
template <int kTopics>
void mix_part(std::span<const double> weights, const std::int32_t* numbers, const double* table, std::int64_t topics,
              double* out) {
  std::array<double, kTopics> sum{};
  for (std::size_t p = 0; p < weights.size(); ++p)
    add_scaled(weights[p], table + numbers[p] * topics, kTopics, sum.data());
  std::copy(sum.begin(), sum.end(), out);
}

template <int kTopics>
void deal_out_part(double a, std::span<const double> weights, const std::int32_t* numbers, const double* row,
                   std::int64_t topics, double* table) {
  std::array<double, kTopics> own;
  std::copy_n(row, kTopics, own.begin());
  for (std::size_t p = 0; p < weights.size(); ++p)
    add_scaled(a * weights[p], own.data(), kTopics, table + numbers[p] * topics);
}

constexpr std::int64_t kPart = 16;

}  // namespace

void mix_rows(std::span<const double> weights, const std::int32_t* numbers, const double* table, std::int64_t topics,
              double* out) {
  std::int64_t k = 0;
  for (; k + kPart <= topics; k += kPart) mix_part<kPart>(weights, numbers, table + k, topics, out + k);
  for (; k < topics; k += kLane) mix_part<kLane>(weights, numbers, table + k, topics, out + k);
}

void deal_out(double a, std::span<const double> weights, const std::int32_t* numbers, const double* row,
              std::int64_t topics, double* table) {
  std::int64_t k = 0;
  for (; k + kPart <= topics; k += kPart) deal_out_part<kPart>(a, weights, numbers, row + k, topics, table + k);
  for (; k < topics; k += kLane) deal_out_part<kLane>(a, weights, numbers, row + k, topics, table + k);
}

#if defined(__AVX2__) && defined(__FMA__)

namespace {

/// fold_words() of so few topics that weights and sums stay in registers. The sums of a tile's words are added up
/// before they join those of the tiles before where the latter, a chain from tile to tile, would be waited for.
template <int kVectors>
void fold_in_registers(const double* const* rows, const double* counts, std::int64_t words, const double* weights,
                       double* sums) {
  const __m256d epsilon = _mm256_set1_pd(kEpsilon);
  __m256d t[kVectors], sum[kVectors];
#pragma GCC unroll 5
  for (int v = 0; v < kVectors; ++v) t[v] = _mm256_loadu_pd(weights + kLane * v), sum[v] = _mm256_setzero_pd();
  alignas(32) std::array<double, 4> factor;
  for (std::int64_t w = 0; w < words; w += kLane, rows += kLane) {
    __m256d n[kLane];
#pragma GCC unroll 4
    for (int i = 0; i < kLane; ++i) {
      n[i] = _mm256_mul_pd(t[0], _mm256_loadu_pd(rows[i]));
#pragma GCC unroll 5
      for (int v = 1; v < kVectors; ++v) n[i] = _mm256_fmadd_pd(t[v], _mm256_loadu_pd(rows[i] + kLane * v), n[i]);
    }
    const __m256d total = _mm256_add_pd(across(n[0], n[1], n[2], n[3]), epsilon);
    _mm256_store_pd(factor.data(), _mm256_div_pd(_mm256_loadu_pd(counts + w), total));
    __m256d tile[kVectors];
#pragma GCC unroll 4
    for (int i = 0; i < kLane; ++i) {
      const __m256d f = _mm256_broadcast_sd(&factor[static_cast<std::size_t>(i)]);
#pragma GCC unroll 5
      for (int v = 0; v < kVectors; ++v) {
        const __m256d row = _mm256_loadu_pd(rows[i] + kLane * v);
        if constexpr (kVectors <= 3) {
          tile[v] = i == 0 ? _mm256_mul_pd(f, row) : _mm256_fmadd_pd(f, row, tile[v]);
        } else {
          sum[v] = _mm256_fmadd_pd(f, row, sum[v]);
        }
      }
    }
    if constexpr (kVectors <= 3) {
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) sum[v] = _mm256_add_pd(sum[v], tile[v]);
    }
  }
#pragma GCC unroll 5
  for (int v = 0; v < kVectors; ++v) _mm256_storeu_pd(sums + kLane * v, sum[v]);
}

}  // namespace

void fold_words(const double* const* rows, const double* counts, std::int64_t words, std::int64_t topics,
                const double* weights, double* sums) {
  switch (topics / kLane) {
    case 1:
      return fold_in_registers<1>(rows, counts, words, weights, sums);
    case 2:
      return fold_in_registers<2>(rows, counts, words, weights, sums);
    case 3:
      return fold_in_registers<3>(rows, counts, words, weights, sums);
    case 4:
      return fold_in_registers<4>(rows, counts, words, weights, sums);
    case 5:
      return fold_in_registers<5>(rows, counts, words, weights, sums);
    default:
      break;
  }
  std::fill_n(sums, topics, 0.0);
  const __m256d epsilon = _mm256_set1_pd(kEpsilon);
  for (std::int64_t w = 0; w < words; w += kLane, rows += kLane) {
    const __m256d n = _mm256_add_pd(weights_of_tile(rows, topics, weights), epsilon);
    fold_tile(rows, topics, _mm256_div_pd(_mm256_loadu_pd(counts + w), n), sums);
  }
}

void word_weights(const double* const* rows, std::int64_t words, std::int64_t topics, const double* weights,
                  double* out) {
  for (std::int64_t w = 0; w < words; w += kLane, rows += kLane)
    _mm256_storeu_pd(out + w, weights_of_tile(rows, topics, weights));
}

#else

void fold_words(const double* const* rows, const double* counts, std::int64_t words, std::int64_t topics,
                const double* weights, double* sums) {
  std::fill_n(sums, topics, 0.0);
  for (std::int64_t w = 0; w < words; ++w)
    add_scaled(counts[w] / (dot(weights, rows[w], topics) + kEpsilon), rows[w], topics, sums);
}

void word_weights(const double* const* rows, std::int64_t words, std::int64_t topics, const double* weights,
                  double* out) {
  for (std::int64_t w = 0; w < words; ++w) out[w] = dot(weights, rows[w], topics);
}

#endif

void add_exact_products(double a, const double* __restrict x, const double* __restrict y, std::int64_t topics,
                        double steps_per_unit, std::int64_t* __restrict sums) {
  for (std::int64_t k = 0; k < topics; ++k)
    sums[k] += std::bit_cast<std::int64_t>(std::fma(a * x[k] * y[k], steps_per_unit, kMagic)) - kMagicBits;
}

void add_exact_products(double a, const double* __restrict x, const double* __restrict y,
                        std::span<const std::int32_t> numbers, double steps_per_unit, std::int64_t* __restrict sums) {
  for (const std::int32_t k : numbers)
    sums[k] += std::bit_cast<std::int64_t>(std::fma(a * x[k] * y[k], steps_per_unit, kMagic)) - kMagicBits;
}

Update update_gamma(double prior, const double* __restrict weights, const double* __restrict sums, std::int64_t count,
                    double* __restrict gamma) {
  std::array<double, 4> total{}, change{};
  const auto update = [&](std::int64_t k, std::size_t lane) {
    const double updated = std::fma(weights[k], sums[k], prior);
    change[lane] += std::abs(updated - gamma[k]);
    total[lane] += updated;
    gamma[k] = updated;
  };
  const std::int64_t whole = count - count % kLane;
  for (std::int64_t k = 0; k < whole; k += kLane)
    for (std::size_t lane = 0; lane < 4; ++lane) update(k + static_cast<std::int64_t>(lane), lane);
  for (std::int64_t k = whole; k < count; ++k) update(k, static_cast<std::size_t>(k - whole));
  return {across(total), across(change)};
}

}  // namespace coterie::inline topics
