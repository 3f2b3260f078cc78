#include "preprocess/resize_passes.hpp"

#include <algorithm>

#if defined(__AVX2__)
#include <immintrin.h>

#include <array>
#include <cstring>
#endif

namespace coterie::inline images {

namespace {

constexpr int kPrecision = 22;  // bits of the weights; 8 for the sample and 2 of headroom make 32 (Pillow, Resample.c)
constexpr std::int32_t kHalf = 1 << (kPrecision - 1);

std::uint8_t to_sample(std::int32_t sum) { return static_cast<std::uint8_t>(std::clamp(sum >> kPrecision, 0, 255)); }

}  // namespace

void resample_rows_portable(const Rows& rows, const AxisWeights& weights, std::uint8_t* out) {
  for (int y = 0; y < rows.height; ++y) {
    const std::uint8_t* row = rows.data + static_cast<std::size_t>(y) * rows.stride;
    for (int j = 0; j < weights.outputs; ++j) {
      const std::int32_t* weight = weights.weight.data() + static_cast<std::ptrdiff_t>(j) * weights.taps;
      const std::uint8_t* from = row + 3 * weights.start[static_cast<std::size_t>(j)];
      std::int32_t sum[3] = {kHalf, kHalf, kHalf};
      for (int k = 0; k < weights.taps; ++k)
        for (int c = 0; c < 3; ++c) sum[c] += weight[k] * from[3 * k + c];
      for (int c = 0; c < 3; ++c) *out++ = to_sample(sum[c]);
    }
  }
}

void resample_columns_portable(const Rows& rows, const AxisWeights& weights, std::uint8_t* out) {
  for (int j = 0; j < weights.outputs; ++j) {
    const std::int32_t* weight = weights.weight.data() + static_cast<std::ptrdiff_t>(j) * weights.taps;
    const std::uint8_t* from =
        rows.data + static_cast<std::size_t>(weights.start[static_cast<std::size_t>(j)]) * rows.stride;
    for (int x = 0; x < 3 * rows.width; ++x) {
      std::int32_t sum = kHalf;
      for (int k = 0; k < weights.taps; ++k)
        sum += weight[k] * from[static_cast<std::size_t>(k) * rows.stride + static_cast<std::size_t>(x)];
      *out++ = to_sample(sum);
    }
  }
}

#if defined(__AVX2__)

// AVX2 multiplies pairs of 16-bit numbers and adds them (vpmaddwd), twice as fast as 32-bit products. A weight is
// therefore split into w = high · 2^12 + low with 0 <= low < 2^12, the two are summed apart, and joined at the end.
// All sums are modulo 2^32, and the joined one is in range, so nothing is lost.

namespace {

constexpr int kLowBits = 12;

struct Halves {
  std::int16_t low, high;
};

Halves split(std::int32_t weight) {
  return {static_cast<std::int16_t>(weight & ((1 << kLowBits) - 1)), static_cast<std::int16_t>(weight >> kLowBits)};
}

struct Sums {
  __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();

  void add(__m256i samples, __m256i low_weights, __m256i high_weights) {
    low = _mm256_add_epi32(low, _mm256_madd_epi16(samples, low_weights));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(samples, high_weights));
  }
  __m256i joined() const { return _mm256_add_epi32(_mm256_slli_epi32(high, kLowBits), low); }
};

// ---- Rows: four taps at a time. One 128-bit lane holds taps 0 and 1 as pairs (r0 r1)(g0 g1)(b0 b1), the other 2
// and 3.

constexpr int kTapGroup = 4;
constexpr std::size_t kRowBlock = 4;   // rows that share each load of weights
constexpr std::size_t kOverread = 16;  // bytes that a group may read after a row's last used pixel

/// For each output and group: 16 low halves, 16 high halves, laid out as the samples are.
std::vector<std::int16_t> spread_row_weights(const AxisWeights& weights, int groups) {
  std::vector<std::int16_t> spread(static_cast<std::size_t>(weights.outputs) * static_cast<std::size_t>(groups) * 32);
  std::int16_t* to = spread.data();
  for (int j = 0; j < weights.outputs; ++j) {
    const std::int32_t* weight = weights.weight.data() + static_cast<std::ptrdiff_t>(j) * weights.taps;
    for (int g = 0; g < groups; ++g, to += 32) {
      for (int i = 0; i < 16; ++i) {
        const int tap = kTapGroup * g + (i / 8) * 2 + i % 2;
        const Halves halves = split(tap < weights.taps ? weight[tap] : 0);
        to[i] = halves.low;
        to[16 + i] = halves.high;
      }
    }
  }
  return spread;
}

__m256i load_tap_pairs(const std::uint8_t* from) {
  const __m256i pairs = _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
                                         6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))),
                             pairs);
}

/// One pixel as four 32-bit numbers, the last of no meaning.
__m128i finish_pixel(const Sums& sums) {
  const __m256i both = sums.joined();
  const __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  return _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(kHalf)), kPrecision);
}

void resample_row_block(const std::array<const std::uint8_t*, kRowBlock>& rows, const AxisWeights& weights, int groups,
                        const std::int16_t* spread, const std::array<std::uint8_t*, kRowBlock>& out) {
  for (int j = 0; j < weights.outputs; ++j) {
    Sums sums[kRowBlock];
    const std::ptrdiff_t start = 3 * std::ptrdiff_t{weights.start[static_cast<std::size_t>(j)]};
    for (int g = 0; g < groups; ++g, spread += 32) {
      const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(spread));
      const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(spread + 16));
      for (std::size_t r = 0; r < kRowBlock; ++r) sums[r].add(load_tap_pairs(rows[r] + start + 12 * g), low, high);
    }
    const __m128i pixels = _mm_packus_epi16(_mm_packs_epi32(finish_pixel(sums[0]), finish_pixel(sums[1])),
                                            _mm_packs_epi32(finish_pixel(sums[2]), finish_pixel(sums[3])));
    alignas(16) std::uint8_t bytes[16];
    _mm_store_si128(reinterpret_cast<__m128i*>(bytes), pixels);
    for (std::size_t r = 0; r < kRowBlock; ++r) std::memcpy(out[r] + 3 * j, bytes + 4 * r, 3);
  }
}

// ---- Columns: two taps at a time, 32 bytes wide.

constexpr int kStrip = 32;

__m256i broadcast_pair(std::int16_t first, std::int16_t second) {
  return _mm256_set1_epi32(static_cast<std::uint16_t>(first) | static_cast<std::int32_t>(second) * 65536);
}

/// Eight sums of the low and eight of the high bytes of 16 columns, to 16 samples.
__m128i finish_strip(const Sums& first, const Sums& second) {
  const __m256i half = _mm256_set1_epi32(kHalf);
  const __m256i a = _mm256_srai_epi32(_mm256_add_epi32(first.joined(), half), kPrecision);
  const __m256i b = _mm256_srai_epi32(_mm256_add_epi32(second.joined(), half), kPrecision);
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), _MM_SHUFFLE(3, 1, 2, 0));
  return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

/// Columns [0, 32) of one output row. taps is even in effect: an odd last tap pairs with itself at weight zero.
void resample_strip(const std::uint8_t* from, std::size_t stride, const std::int32_t* weight, int taps,
                    std::uint8_t* out) {
  Sums sums[4];
  for (int k = 0; k < taps; k += 2, from += 2 * stride) {
    const bool pair = k + 1 < taps;
    const Halves w0 = split(weight[k]), w1 = split(pair ? weight[k + 1] : 0);
    const __m256i low = broadcast_pair(w0.low, w1.low), high = broadcast_pair(w0.high, w1.high);
    const std::uint8_t* next = pair ? from + stride : from;
    for (int h = 0; h < 2; ++h) {
      const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 16 * h));
      const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(next + 16 * h));
      sums[2 * h].add(_mm256_cvtepu8_epi16(_mm_unpacklo_epi8(a, b)), low, high);
      sums[2 * h + 1].add(_mm256_cvtepu8_epi16(_mm_unpackhi_epi8(a, b)), low, high);
    }
  }
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), finish_strip(sums[0], sums[1]));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16), finish_strip(sums[2], sums[3]));
}

}  // namespace

void resample_rows(const Rows& rows, const AxisWeights& weights, std::uint8_t* out) {
  const int groups = (weights.taps + kTapGroup - 1) / kTapGroup;
  const std::vector<std::int16_t> spread = spread_row_weights(weights, groups);
  const std::size_t row_bytes = 3 * static_cast<std::size_t>(rows.width);
  const std::size_t out_bytes = 3 * static_cast<std::size_t>(weights.outputs);
  const std::uint8_t* end = rows.data + static_cast<std::size_t>(rows.height - 1) * rows.stride + row_bytes;
  // Rows so near the end of the picture that a group could read past it are read from a copy with slack.
  std::vector<std::uint8_t> copies(kRowBlock * (row_bytes + kOverread));
  std::vector<std::uint8_t> spare(out_bytes);  // output of the rows that fill up the last block
  for (std::size_t y = 0; y < static_cast<std::size_t>(rows.height); y += kRowBlock) {
    std::array<const std::uint8_t*, kRowBlock> from;
    std::array<std::uint8_t*, kRowBlock> to;
    for (std::size_t r = 0; r < kRowBlock; ++r) {
      const bool inside = y + r < static_cast<std::size_t>(rows.height);
      from[r] = rows.data + (inside ? y + r : y) * rows.stride;
      to[r] = inside ? out + (y + r) * out_bytes : spare.data();
      if (row_bytes + kOverread <= static_cast<std::size_t>(end - from[r])) continue;
      std::uint8_t* copy = copies.data() + r * (row_bytes + kOverread);
      std::copy_n(from[r], row_bytes, copy);
      from[r] = copy;
    }
    resample_row_block(from, weights, groups, spread.data(), to);
  }
}

void resample_columns(const Rows& rows, const AxisWeights& weights, std::uint8_t* out) {
  const int row_bytes = 3 * rows.width;
  if (row_bytes < kStrip) return resample_columns_portable(rows, weights, out);
  for (int j = 0; j < weights.outputs; ++j, out += row_bytes) {
    const std::int32_t* weight = weights.weight.data() + static_cast<std::ptrdiff_t>(j) * weights.taps;
    const std::uint8_t* from =
        rows.data + static_cast<std::size_t>(weights.start[static_cast<std::size_t>(j)]) * rows.stride;
    // The last strip overlaps the one before and writes the same samples again.
    for (int x = 0; x < row_bytes; x += kStrip) {
      const int at = std::min(x, row_bytes - kStrip);
      resample_strip(from + at, rows.stride, weight, weights.taps, out + at);
    }
  }
}

#else

void resample_rows(const Rows& rows, const AxisWeights& weights, std::uint8_t* out) {
  resample_rows_portable(rows, weights, out);
}

void resample_columns(const Rows& rows, const AxisWeights& weights, std::uint8_t* out) {
  resample_columns_portable(rows, weights, out);
}

#endif

}  // namespace coterie::inline images
