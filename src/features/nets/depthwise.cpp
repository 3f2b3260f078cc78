#include <algorithm>

#include "coterie/base/errors.hpp"
#include "nets/cpu_kernels.hpp"

namespace coterie::inline features {
namespace {

// Some neighbouring pixels of an output row.
struct Run {
  const float* const* pixels;  // [kernel row][input column]: of the first output's window on
  std::int64_t columns;        // of that table
  const float *kernel, *bias;  // [kernel row][kernel column][channel], [channel]
  std::int64_t kernel_rows, kernel_columns, channels;
  float* output;
  std::int64_t pitch;
  Bounds bounds;
};

// Channels [first, last) of kPixels outputs: each input vector is loaded once for all windows that hold it.
template <int kKernel, int kStride, int kPixels, int kVectors>
void run_channels(const Run& run, std::int64_t first, std::int64_t last) {
  constexpr int kColumns = (kPixels - 1) * kStride + kKernel;
  for (std::int64_t c = first; c < last; c += kVectors * kLanes) {
    Lanes sums[kPixels][kVectors];
    for (int pixel = 0; pixel < kPixels; ++pixel)
      for (int v = 0; v < kVectors; ++v) sums[pixel][v] = load(run.bias + c + v * kLanes);
#pragma GCC unroll 5
    for (int i = 0; i < kKernel; ++i) {
      Lanes weights[kKernel][kVectors];
#pragma GCC unroll 5
      for (int j = 0; j < kKernel; ++j)
        for (int v = 0; v < kVectors; ++v)
          weights[j][v] = load(run.kernel + (i * kKernel + j) * run.channels + c + v * kLanes);
#pragma GCC unroll 16
      for (int column = 0; column < kColumns; ++column) {
        const float* pixel_at = run.pixels[i * run.columns + column] + c;
        for (int v = 0; v < kVectors; ++v) {
          const Lanes value = load(pixel_at + v * kLanes);
#pragma GCC unroll 8
          for (int pixel = 0; pixel < kPixels; ++pixel) {
            const int j = column - pixel * kStride;
            if (j >= 0 && j < kKernel) sums[pixel][v] += value * weights[j][v];
          }
        }
      }
    }
#pragma GCC unroll 8
    for (int pixel = 0; pixel < kPixels; ++pixel)
      for (int v = 0; v < kVectors; ++v)
        store(run.output + pixel * run.pitch + c + v * kLanes, clamp(sums[pixel][v], run.bounds));
  }
}

template <int kKernel, int kStride, int kPixels>
void run_pixels(const Run& run) {
  constexpr int kVectors = kKernel == 3 ? 2 : 1;
  const std::int64_t paired = run.channels / (kVectors * kLanes) * kVectors * kLanes;
  run_channels<kKernel, kStride, kPixels, kVectors>(run, 0, paired);
  run_channels<kKernel, kStride, kPixels, 1>(run, paired, run.channels);
}

// Any window, one pixel; the sums' order is the same.
void run_pixel(const Run& run) {
  for (std::int64_t c = 0; c < run.channels; c += kLanes) {
    Lanes sum = load(run.bias + c);
    for (std::int64_t i = 0; i < run.kernel_rows; ++i)
      for (std::int64_t j = 0; j < run.kernel_columns; ++j)
        sum += load(run.pixels[i * run.columns + j] + c) *
               load(run.kernel + (i * run.kernel_columns + j) * run.channels + c);
    store(run.output + c, clamp(sum, run.bounds));
  }
}

constexpr std::int64_t kPixels = 4;

using RunPixels = void (*)(const Run&);

// What does kPixels at once for this window, or null.
RunPixels find_run(const Window& window) {
  if (window.rows.kernel != window.columns.kernel) return nullptr;
  const auto is = [&](std::int64_t kernel, std::int64_t stride) {
    return window.columns.kernel == kernel && window.columns.stride == stride;
  };
  if (is(3, 1)) return run_pixels<3, 1, kPixels>;
  if (is(3, 2)) return run_pixels<3, 2, kPixels>;
  if (is(5, 1)) return run_pixels<5, 1, kPixels>;
  if (is(5, 2)) return run_pixels<5, 2, kPixels>;
  return nullptr;
}

}  // namespace

DepthwiseLayer::DepthwiseLayer(const Affine& affine, const LayerShape& shape)
    : shape_(shape),
      kernel_(shape.window.taps() * shape.input.channels),
      bias_(shape.input.channels),
      zeros_(shape.input.channels) {
  require(shape.input.channels % kLanes == 0, "DepthwiseLayer: {} channels, not a multiple of {}", shape.input.channels,
          kLanes);
  std::copy(affine.kernel.begin(), affine.kernel.end(), kernel_.data());
  std::copy(affine.bias.begin(), affine.bias.end(), bias_.data());
  std::fill_n(zeros_.data(), shape.input.channels, 0.0f);
}

// pixels[kernel row][input column], padding included, for an output row.
void DepthwiseLayer::point_to_row(const LayerData& data, std::int64_t image, std::int64_t row,
                                  const float** pixels) const {
  const Slide &down = shape_.window.rows, &across = shape_.window.columns;
  const Extent& input = shape_.input;
  for (std::int64_t i = 0; i < down.kernel; ++i) {
    const std::int64_t y = row * down.stride - down.before + i;
    const float* line = data.input + (image * input.height + y) * input.width * data.input_pitch;
    for (std::int64_t x = -across.before; x < input.width + across.after; ++x) {
      const bool inside = y >= 0 && y < input.height && x >= 0 && x < input.width;
      *pixels++ = inside ? line + x * data.input_pitch : zeros_.data();
    }
  }
}

void DepthwiseLayer::run(const LayerData& data) const {
  const Slide &down = shape_.window.rows, &across = shape_.window.columns;
  const Extent& output = shape_.output;
  const std::int64_t columns = across.before + shape_.input.width + across.after;
  std::vector<const float*> pixels(static_cast<std::size_t>(down.kernel * columns));
  const RunPixels run_some = output.width >= kPixels ? find_run(shape_.window) : nullptr;
  const std::int64_t step = run_some == nullptr ? 1 : kPixels;
  for (std::int64_t row = 0; row < data.count * output.height; ++row) {
    point_to_row(data, row / output.height, row % output.height, pixels.data());
    for (std::int64_t x = 0; x < output.width; x += step) {
      const std::int64_t first = std::min(x, output.width - step);  // the last run does some pixels again
      const Run run{pixels.data() + first * across.stride,
                    columns,
                    kernel_.data(),
                    bias_.data(),
                    down.kernel,
                    across.kernel,
                    output.channels,
                    data.output + (row * output.width + first) * data.output_pitch,
                    data.output_pitch,
                    Bounds(shape_.activation)};
      run_some == nullptr ? run_pixel(run) : run_some(run);
    }
  }
}

}  // namespace coterie::inline features
