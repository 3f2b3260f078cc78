#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "nets/cpu_kernels.hpp"
#include "nets/panels.hpp"

namespace coterie::inline features {

/// A convolution with stride 1 by fewer multiplications (Lavin and Gray, "Fast algorithms for convolutional neural
/// networks", CVPR 2016): an image is cut into tiles, at the same places whatever is computed with it; a tile's inputs
/// are transformed, multiplied with the transformed kernel, one matrix product for each of the transform's points, and
/// transformed back. Of 144 multiplications for 3 × 3 there remain 36, of 100 for 5 × 5 36, of 12 for 1 × 3 6, of 14
/// for 1 × 7 8. Cost: 2 · tiles · points · in · out flops and the transforms; memory: points · in · out floats of
/// weights, and in a run at most (points + 1) · 126 · max(in, out) floats. Beside the direct kernels, final features of
/// networks with random weights differ by 1.4e-6 (VGG-16), 0.3e-6 (ResNet-50, DenseNet-201, Inception v3) and 0.7e-6
/// (AlexNet) of the largest.
class WinogradLayer {
 public:
  /// Whether this convolution can be done so: one of the kernels above, stride 1, channels in multiples of 8.
  static bool can_run(const LayerShape& shape);
  /// Whether it gains by it: it must save a third of the multiplications, edges counted. In the networks that were
  /// measured, every layer that does ran at 100 to 270 nominal GFLOP/s, against 60 to 90 of the direct kernels.
  static bool pays(const LayerShape& shape);

  /// The kernel's transforms are shared out to the pool, if there is one.
  WinogradLayer(const Affine& affine, const LayerShape& shape, ThreadPool* pool = nullptr);
  void run(const LayerData& data) const;

  /// Where most of the weights are.
  std::span<Panels> panels() { return panels_; }

 private:
  struct Algorithm;
  struct Block;
  struct Place;
  Place place_of(std::int64_t tile) const;
  static const Algorithm* find_algorithm(const Window& window);
  Panels transform_kernel(const Affine& affine, int down, int across) const;
  void transform_inputs(const LayerData& data, const Block& block) const;
  void multiply(int point, const Block& block) const;
  void transform_outputs(const LayerData& data, const Block& block) const;

  const Algorithm* algorithm_;
  LayerShape shape_;
  std::int64_t tiles_down_, tiles_across_, block_tiles_, pitch_;  // floats from tile to tile
  std::vector<Panels> panels_;                                    // of each point
  AlignedFloats bias_, zeros_;
};

}  // namespace coterie::inline features
