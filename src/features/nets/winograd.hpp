#pragma once

#include <cstdint>
#include <vector>

#include "cpu_kernels.hpp"
#include "panels.hpp"

namespace coterie {

/// A convolution with stride 1 by fewer multiplications (Lavin and Gray, "Fast algorithms for convolutional neural
/// networks", CVPR 2016): an image is cut into tiles, at the same places whatever is computed with it; a tile's inputs
/// are transformed, multiplied with the transformed kernel, one matrix product for each of the transform's points, and
/// transformed back. 3 × 3 takes 36 multiplications where 144 were, 5 × 5 36 for 100, 1 × 7 8 for 14.
/// Cost: 2 · tiles · points · in · out flops and the transforms; memory: points · in · out floats of weights.
class WinogradLayer {
 public:
  /// Whether this convolution can be done so: one of the kernels above, stride 1, channels in multiples of 8.
  static bool can_run(const LayerShape& shape);
  /// Whether it gains by it: it must save a third of the multiplications, edges counted (measured: where it saves
  /// more, it was faster at all sizes; VGG-16 as a whole 2.6 times).
  static bool pays(const LayerShape& shape);

  WinogradLayer(const Affine& affine, const LayerShape& shape);
  void run(const LayerData& data) const;

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

}  // namespace coterie
