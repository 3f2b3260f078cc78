// Written with the compilers' vector extension, which becomes AVX2 and FMA, AVX-512 or NEON as the target has it. This
// file alone is compiled with -ffp-contract=fast: here a * b + c means the fused operation.

#include "cpu_kernels.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kTile = 6;     // pixels: 6 x 2 accumulators fill the 16 registers of AVX2
constexpr std::int64_t kRows = 96;    // pixels that share one table of pointers
constexpr std::int64_t kChunk = 256;  // inputs in one go: 16 KiB of a panel and 6 KiB of pixels fit the L1 cache

using Lanes = float __attribute__((vector_size(32)));
using Unaligned = float __attribute__((vector_size(32), aligned(4), may_alias));

inline Lanes load(const float* from) { return *reinterpret_cast<const Unaligned*>(from); }
inline void store(float* to, Lanes value) { *reinterpret_cast<Unaligned*>(to) = value; }

// An activation as a pair of bounds; the comparisons let NaN through.
struct Bounds {
  explicit Bounds(Activation activation)
      : low(activation == Activation::none ? -std::numeric_limits<float>::infinity() : 0.0f),
        high(activation == Activation::relu6 ? 6.0f : std::numeric_limits<float>::infinity()) {}
  float low, high;
};

inline Lanes clamp(Lanes value, const Bounds& bounds) {
  const Lanes low = Lanes{} + bounds.low, high = Lanes{} + bounds.high;
  value = value < low ? low : value;
  return value > high ? high : value;
}

// One cell of a depthwise window, at channel 0.
struct Tap {
  const float *pixel, *kernel;
};

struct TileRange {
  const float* const* pointers;  // [tap][kTile]
  const float* panel;            // [tap][input][kVectors * kLanes]
  std::int64_t inputs;
  std::int64_t first_tap, last_tap, first_input, last_input;
};

struct TileEnds {
  const float* bias;    // of the panel's outputs: where the first chunk starts from
  const float* addend;  // of the first pixel's outputs, or null: added after the last chunk
  float* output;
  std::int64_t stride, pixels;  // between pixels; how many of the tile are real
  bool first, last;
  Bounds bounds;
};

// output[pixel] = or += window of the pixel x panel. A function of its own, unrolled, each factor broadcast just before
// its use, so that the compiler keeps all sums in registers: spilled, they halve the speed.
template <int kVectors>
[[gnu::noinline]] void run_tile(const TileRange& range, const TileEnds& ends) {
  Lanes sums[kTile][kVectors];
#pragma GCC unroll 6
  for (int row = 0; row < kTile; ++row) {
    const float* from =
        ends.first ? ends.bias : ends.output + std::min<std::int64_t>(row, ends.pixels - 1) * ends.stride;
    for (int v = 0; v < kVectors; ++v) sums[row][v] = load(from + v * kLanes);
  }
  for (std::int64_t tap = range.first_tap; tap < range.last_tap; ++tap) {
    const float* const* p = range.pointers + tap * kTile;
    const float* const pixels[kTile] = {p[0], p[1], p[2], p[3], p[4], p[5]};
    const float* panel = range.panel + (tap * range.inputs + range.first_input) * kVectors * kLanes;
    for (std::int64_t i = range.first_input; i < range.last_input; ++i, panel += kVectors * kLanes) {
      const Lanes first = load(panel), second = load(panel + (kVectors - 1) * kLanes);
#pragma GCC unroll 6
      for (int row = 0; row < kTile; ++row) {
        const float factor = pixels[row][i];
        sums[row][0] += factor * first;
        if constexpr (kVectors == 2) sums[row][1] += factor * second;
      }
    }
  }
#pragma GCC unroll 6
  for (int row = 0; row < kTile; ++row) {
    if (row >= ends.pixels) break;
    for (int v = 0; v < kVectors; ++v) {
      const std::int64_t at = row * ends.stride + v * kLanes;
      Lanes sum = sums[row][v];
      if (ends.last && ends.addend != nullptr) sum += load(ends.addend + at);
      store(ends.output + at, ends.last ? clamp(sum, ends.bounds) : sum);
    }
  }
}

template <int kVectors>
inline void run_taps(std::span<const Tap> taps, const float* bias, const Bounds& bounds, std::int64_t channel,
                     float* to) {
  Lanes sums[kVectors];
  for (int v = 0; v < kVectors; ++v) sums[v] = load(bias + channel + v * kLanes);
  for (const Tap& tap : taps)
    for (int v = 0; v < kVectors; ++v)
      sums[v] += load(tap.pixel + channel + v * kLanes) * load(tap.kernel + channel + v * kLanes);
  for (int v = 0; v < kVectors; ++v) store(to + channel + v * kLanes, clamp(sums[v], bounds));
}

}  // namespace

ConvolutionLayer::ConvolutionLayer(Step& step, Extent input, Extent output)
    : window_(step.window),
      activation_(step.activation),
      input_(input),
      output_(output),
      bias_(std::move(step.affine.bias)),
      zeros_(static_cast<std::size_t>(input.channels)) {
  const std::int64_t taps = window_.taps(), in = input.channels, out = output.channels;
  require(out % kLanes == 0, "ConvolutionLayer: {} outputs, not a multiple of {}", out, kLanes);
  const std::vector<float> kernel = std::exchange(step.affine.kernel, {});
  panels_.resize(kernel.size());
  float* to = panels_.data();
  for (std::int64_t channel = 0; channel < out; channel += 2 * kLanes)
    for (std::int64_t row = 0; row < taps * in; ++row) {
      const std::int64_t width = std::min(2 * kLanes, out - channel);
      to = std::copy_n(kernel.data() + row * out + channel, width, to);
    }
  const std::int64_t taps_at_once = std::max<std::int64_t>(kChunk / in, 1);
  for (std::int64_t tap = 0; tap < taps; tap += taps_at_once)
    for (std::int64_t i = 0; i < in; i += kChunk)
      chunks_.push_back({tap, std::min(tap + taps_at_once, taps), i, std::min(i + kChunk, in)});
}

void ConvolutionLayer::run(const LayerData& data) const {
  const std::int64_t rows = data.count * output_.height * output_.width;
  std::vector<const float*> pointers(static_cast<std::size_t>(kRows * window_.taps()));
  for (std::int64_t row = 0; row < rows; row += kRows) {
    const std::int64_t now = std::min(kRows, rows - row);
    point_to_windows(data, row, now, pointers.data());
    for (std::int64_t channel = 0; channel < output_.channels; channel += 2 * kLanes)
      run_panel(data, row, now, pointers.data(), channel);
  }
}

// pointers[tile][tap][pixel of the tile]; a tile's missing pixels repeat the last one.
void ConvolutionLayer::point_to_windows(const LayerData& data, std::int64_t row, std::int64_t rows,
                                        const float** pointers) const {
  const std::int64_t taps = window_.taps(), pixels = output_.height * output_.width;
  for (std::int64_t r = 0; r < (rows + kTile - 1) / kTile * kTile; ++r) {
    const std::int64_t pixel = row + std::min(r, rows - 1);
    const std::int64_t image = pixel / pixels, y = pixel % pixels / output_.width, x = pixel % output_.width;
    const float* base = data.input + image * input_.elements();
    const float** to = pointers + r / kTile * kTile * taps + r % kTile;
    for (std::int64_t i = 0; i < window_.kernel; ++i)
      for (std::int64_t j = 0; j < window_.kernel; ++j, to += kTile) {
        const std::int64_t from_y = y * window_.stride + i - window_.before,
                           from_x = x * window_.stride + j - window_.before;
        const bool inside = from_y >= 0 && from_y < input_.height && from_x >= 0 && from_x < input_.width;
        *to = inside ? base + (from_y * input_.width + from_x) * input_.channels : zeros_.data();
      }
  }
}

void ConvolutionLayer::run_panel(const LayerData& data, std::int64_t row, std::int64_t rows,
                                 const float* const* pointers, std::int64_t channel) const {
  const std::int64_t taps = window_.taps(), out = output_.channels;
  const Bounds bounds(activation_);
  const bool full = out - channel >= 2 * kLanes;
  for (const Chunk& chunk : chunks_)
    for (std::int64_t r = 0; r < rows; r += kTile) {
      const std::int64_t at = (row + r) * out + channel;
      const TileRange range{pointers + r * taps, panels_.data() + taps * input_.channels * channel,
                            input_.channels,     chunk.first_tap,
                            chunk.last_tap,      chunk.first_input,
                            chunk.last_input};
      const TileEnds ends{bias_.data() + channel,    data.addend == nullptr ? nullptr : data.addend + at,
                          data.output + at,          out,
                          std::min(kTile, rows - r), &chunk == &chunks_.front(),
                          &chunk == &chunks_.back(), bounds};
      full ? run_tile<2>(range, ends) : run_tile<1>(range, ends);
    }
}

DepthwiseLayer::DepthwiseLayer(Step& step, Extent input, Extent output)
    : window_(step.window),
      activation_(step.activation),
      input_(input),
      output_(output),
      kernel_(std::exchange(step.affine.kernel, {})),
      bias_(std::move(step.affine.bias)) {
  require(input.channels % kLanes == 0, "DepthwiseLayer: {} channels, not a multiple of {}", input.channels, kLanes);
}

void DepthwiseLayer::run(const LayerData& data) const {
  const Bounds bounds(activation_);
  const std::int64_t channels = input_.channels, pixels = output_.height * output_.width;
  std::vector<Tap> taps(static_cast<std::size_t>(window_.taps()));
  for (std::int64_t pixel = 0; pixel < data.count * pixels; ++pixel) {
    const std::int64_t y = pixel % pixels / output_.width * window_.stride - window_.before;
    const std::int64_t x = pixel % output_.width * window_.stride - window_.before;
    const float* image = data.input + pixel / pixels * input_.elements();
    std::size_t inside = 0;
    for (std::int64_t i = std::max<std::int64_t>(-y, 0); i < std::min(window_.kernel, input_.height - y); ++i)
      for (std::int64_t j = std::max<std::int64_t>(-x, 0); j < std::min(window_.kernel, input_.width - x); ++j)
        taps[inside++] = {image + ((y + i) * input_.width + x + j) * channels,
                          kernel_.data() + (i * window_.kernel + j) * channels};
    float* to = data.output + pixel * channels;
    const std::span<const Tap> valid(taps.data(), inside);
    std::int64_t channel = 0;
    for (; channel + 4 * kLanes <= channels; channel += 4 * kLanes)
      run_taps<4>(valid, bias_.data(), bounds, channel, to);
    for (; channel < channels; channel += kLanes) run_taps<1>(valid, bias_.data(), bounds, channel, to);
  }
}

void max_pool(const LayerData& data, const Window& window, const Extent& input, const Extent& output) {
  for (std::int64_t image = 0; image < data.count; ++image)
    for (std::int64_t y = 0; y < output.height; ++y)
      for (std::int64_t x = 0; x < output.width; ++x) {
        float* to = data.output + ((image * output.height + y) * output.width + x) * output.channels;
        std::fill_n(to, output.channels, -std::numeric_limits<float>::infinity());
        const std::int64_t top = y * window.stride - window.before, left = x * window.stride - window.before;
        for (std::int64_t i = std::max<std::int64_t>(top, 0); i < std::min(top + window.kernel, input.height); ++i)
          for (std::int64_t j = std::max<std::int64_t>(left, 0); j < std::min(left + window.kernel, input.width); ++j) {
            const float* from = data.input + ((image * input.height + i) * input.width + j) * input.channels;
            for (std::int64_t c = 0; c < input.channels; ++c) to[c] = from[c] > to[c] ? from[c] : to[c];
          }
      }
}

void average(const LayerData& data, const Extent& input) {
  const std::int64_t pixels = input.height * input.width;
  for (std::int64_t image = 0; image < data.count; ++image) {
    const float* from = data.input + image * input.elements();
    float* to = data.output + image * input.channels;
    std::fill_n(to, input.channels, 0.0f);
    for (std::int64_t p = 0; p < pixels; ++p)
      for (std::int64_t c = 0; c < input.channels; ++c) to[c] += from[p * input.channels + c];
    for (std::int64_t c = 0; c < input.channels; ++c) to[c] /= static_cast<float>(pixels);
  }
}

}  // namespace coterie
