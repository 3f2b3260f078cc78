#pragma once

#include "coterie/features/deepcluster.hpp"
#include "coterie/training/layer.hpp"

namespace coterie::inline training {

/// The layers of a network of DeepCluster in training, in order, but for the one on top: the kit, on the CPU or on a
/// device, has a function for each kind that takes what layer.hpp's takes.
template <typename Kit>
void add_layers(const DeepClusterShape& shape, Kit& kit) {
  Map map{shape.image_size, shape.image_size, 2};
  std::int64_t module = 0;
  for (const auto& each : shape.convolutions) {
    const Sliding window{each.kernel, each.stride, each.padding};
    kit.convolution(fmt::format("features.{}", module), map, each.channels, window);
    map = window.over(map, each.channels);
    kit.batch_norm(fmt::format("features.{}", module + 1), map);
    kit.relu(map.elements(), false);
    if (each.pooled) {
      const Sliding pool{shape.pool_kernel, shape.pool_stride, 0};
      kit.max_pool(map, pool);
      map = pool.over(map, map.channels);
    }
    module += each.modules();
  }
  kit.flatten(map);
  if (shape.drops_flattened) kit.dropout(map.elements(), 0);
  kit.dense(fmt::format("classifier.{}", shape.first_dense), map.elements(), shape.dense);
  kit.relu(shape.dense, true);
  kit.dropout(shape.dense, 1);
  kit.dense(fmt::format("classifier.{}", shape.first_dense + 3), shape.dense, shape.dense);
  kit.relu(shape.dense, true);
}

}  // namespace coterie::inline training
