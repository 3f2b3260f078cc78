#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nets/lanes.hpp"
#include "nets/panels.hpp"
#include "nets/plan.hpp"

namespace coterie::inline features {

// Layers on channels-last float32, single-threaded. What a pixel's result is does not depend on how many images are
// computed with it, nor on which.

/// What a layer reads and writes; `count` images each. A pitch is the distance from one pixel to the next in floats: at
/// least the number of channels, more where the value is a slice of a concatenated one.
struct LayerData {
  const float* input = nullptr;
  std::int64_t input_pitch = 0;
  const float* addend = nullptr;  ///< shaped like the output, or none
  std::int64_t addend_pitch = 0;
  float* output = nullptr;
  std::int64_t output_pitch = 0;
  std::int64_t count = 0;
};

/// What a layer is made of.
struct LayerShape {
  Window window;
  Activation activation = Activation::none;
  Extent input, output;
};

/// A convolution (kernel 1 × 1 on a 1 × 1 image: a dense layer) as a matrix product whose left side, the windows, is
/// laid out a block of rows and a chunk of inputs at a time, in the second-level cache; 1 × 1 convolutions with stride
/// 1 and few outputs read their input in place. Cost: 2 · count · height · width · taps · in · out flops; the weights
/// are read once for every 192 pixels, each input once for each window that it lies in. Measured on a Zen 3 core with a
/// peak of 110 GFLOP/s: the kernel alone 94 to 99, 1 × 1 convolutions in networks 75 to 90.
class ConvolutionLayer {
 public:
  ConvolutionLayer(const Affine& affine, const LayerShape& shape);

  /// From now on the input is normalised (see normalise_channels) as it is read. 1 × 1 convolutions only.
  void normalise_input(Affine affine, Activation activation);

  void run(const LayerData& data) const;

  /// Where most of the weights are.
  std::span<Panels> panels() { return {&panels_, 1}; }

 private:
  bool reads_in_place(const LayerData& data) const;
  void lay_out(const LayerData& data, std::int64_t row, std::int64_t rows, const Panels::Chunk& chunk, float* to) const;
  void lay_out_line(const LayerData& data, const float* image, std::int64_t y, std::int64_t x,
                    const Panels::Chunk& inputs, float* to) const;
  void finish_narrow(const LayerData& data, std::int64_t row, std::int64_t rows, const float* block) const;

  LayerShape shape_;
  Panels panels_;
  AlignedFloats bias_;  // to a multiple of 8
  Affine normalise_;    // of the input, or empty
  Activation input_activation_ = Activation::none;
};

/// One filter on each channel. Cost: 2 · count · height · width · taps · channels flops; where memory does not bound
/// it, loads do: a vector of the input serves up to four neighbouring pixels.
class DepthwiseLayer {
 public:
  /// Channels must be a multiple of 8.
  DepthwiseLayer(const Affine& affine, const LayerShape& shape);
  void run(const LayerData& data) const;

 private:
  void point_to_row(const LayerData& data, std::int64_t image, std::int64_t row, const float** pixels) const;

  LayerShape shape_;
  AlignedFloats kernel_, bias_, zeros_;
};

/// activation(affine.kernel[c] * input + affine.bias[c]), one fused multiply-add.
void normalise_channels(const LayerData& data, const Affine& affine, const LayerShape& shape);

void max_pool(const LayerData& data, const LayerShape& shape);
void average_pool(const LayerData& data, const LayerShape& shape);  ///< padding cells are not counted
void average(const LayerData& data, const LayerShape& shape);       ///< over all rows and columns
void softmax(const LayerData& data, const LayerShape& shape);       ///< over channels

/// The same for one run of channels.
void normalise_floats(const float* from, const float* factors, const float* offsets, const Bounds& bounds,
                      std::int64_t channels, float* to);
void copy_floats(const float* from, std::int64_t count, float* to);

/// Channels last, to channels last with another pitch; and, for flatten, to channels first.
void copy_channels(const LayerData& data, const Extent& extent);
void copy_channels_first(const LayerData& data, const Extent& extent);

}  // namespace coterie::inline features
