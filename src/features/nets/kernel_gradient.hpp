#pragma once

#include <cstdint>

#include "nets/cpu_kernels.hpp"

namespace coterie::inline features {

/// The gradient of a loss by the kernel of a convolution that WinogradLayer can compute, from the images and the
/// gradient by its outputs, by as few multiplications: the derivative of Lavin and Gray's algorithm by the kernel,
/// whose transforms are those of WinogradLayer transposed. For each of the transform's points the tiles' inputs and the
/// tiles' output gradients are multiplied as matrices, in × tiles · tiles × out, added over all tiles of all images,
/// and transformed back to the kernel's taps once.
///
/// Cost: 2 · tiles · points · in · out flops, a quarter of a plain convolution's for 3 × 3, and of the points' sums,
/// points · in · out floats, one passage through memory for each block of at most 128 tiles and one more; so it pays
/// where few images make many tiles. Beside sums in double it errs by some 1e-6 of the largest. Memory: those sums, and
/// points · tiles · (in + out) floats.
class KernelGradient {
 public:
  /// Square kernels of 3 or 5 and stride 1, inputs in multiples of 8 and outputs of 16.
  static bool can_run(const LayerShape& shape);
  /// Whether it gains by it, with so many images in a run: against 10 flops of a plain product in the time of a byte.
  static bool pays(const LayerShape& shape, std::int64_t images);

  explicit KernelGradient(const LayerShape& shape);

  /// Sets kernel, rows × columns × in × out. images and gradient: count × height × width × channels, channels last. One
  /// thread; the bits are a function of all that is in the run.
  void run(const float* images, const float* gradient, std::int64_t count, float* kernel) const;

 private:
  struct Algorithm;
  struct Block;
  static const Algorithm* find_algorithm(const LayerShape& shape);
  void transform_tile(const float* images, const float* gradient, const Block& block, std::int64_t tile) const;
  void add_products(const Block& block, float* sums) const;

  const Algorithm* algorithm_;
  LayerShape shape_;
  std::int64_t tiles_down_, tiles_across_;
  AlignedFloats zeros_;
};

}  // namespace coterie::inline features
