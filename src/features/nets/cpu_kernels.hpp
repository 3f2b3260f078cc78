#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "plan.hpp"

namespace coterie {

// Layers on channels-last float32, single-threaded. What a pixel's result is does not depend on how many images
// or pixels are computed with it: each is one chain of fused multiply-adds in a fixed order.

/// What a layer reads and writes; `count` images each.
struct LayerData {
  const float* input = nullptr;
  const float* addend = nullptr;  ///< as large as the output, or none
  float* output = nullptr;
  std::int64_t count = 0;
};

/// A convolution (kernel 1 × 1 on a 1 × 1 image: a dense layer) as a matrix product whose left side, the windows, is
/// never laid out: a table of pointers to input pixels stands for it (Dukhan, "The indirect convolution algorithm",
/// 2019). Kernel panels of 16 outputs stay in the first-level cache while tiles of 6 pixels pass by.
/// Cost: 2 · count · height · width · taps · in · out flops (measured on a Zen 3 core: ResNet-50 as a whole at 75
/// GFLOP/s).
class ConvolutionLayer {
 public:
  /// Outputs must be a multiple of 8. `step` loses its kernel.
  ConvolutionLayer(Step& step, Extent input, Extent output);
  void run(const LayerData& data) const;

 private:
  struct Chunk {
    std::int64_t first_tap, last_tap, first_input, last_input;  // half-open
  };
  void point_to_windows(const LayerData& data, std::int64_t row, std::int64_t rows, const float** pointers) const;
  void run_panel(const LayerData& data, std::int64_t row, std::int64_t rows, const float* const* pointers,
                 std::int64_t channel) const;

  Window window_;
  Activation activation_;
  Extent input_, output_;
  std::vector<float> panels_, bias_, zeros_;
  std::vector<Chunk> chunks_;
};

/// One filter on each channel. Cost: 2 · count · height · width · taps · channels flops, bound by loads.
class DepthwiseLayer {
 public:
  /// Channels must be a multiple of 8. `step` loses its kernel.
  DepthwiseLayer(Step& step, Extent input, Extent output);
  void run(const LayerData& data) const;

 private:
  Window window_;
  Activation activation_;
  Extent input_, output_;
  std::vector<float> kernel_, bias_;
};

void max_pool(const LayerData& data, const Window& window, const Extent& input, const Extent& output);
void average(const LayerData& data, const Extent& input);

}  // namespace coterie
