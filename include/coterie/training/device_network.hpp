#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "coterie/features/deepcluster.hpp"
#include "coterie/features/network.hpp"
#include "coterie/training/layer.hpp"
#include "coterie/training/optimiser.hpp"

namespace coterie::inline training {

/// What of a DeepClusterNetwork is on a GPU: its weights, running statistics and momenta, and the computation of a
/// step, by LibTorch in float32. DeepClusterNetwork::move_to() makes one; nothing else needs to know it.
///
/// The same layers, shared out to ranks in the same way, and the same dropout as on the CPU, with other roundings: it
/// agrees with the CPU's network within 1e-3 after some steps, and promises no bits. Weights that every rank holds have
/// the same bits on all ranks, provided that their devices are of one kind.
class DeviceNetwork {
 public:
  virtual ~DeviceNetwork() = default;

  /// As DeepClusterNetwork::step. Throws Error that names the device and the way out where its memory is too short.
  /// Collective.
  virtual double step(const Batch& batch, const float* gradients, std::span<const std::int32_t> labels,
                      const Sgd& body) = 0;

  /// Takes a new top layer, of these parameters, to the device.
  virtual void take_top(const std::vector<Parameter*>& top) = 0;

  /// Copies values and momenta back into the parameters, if steps have changed them.
  virtual void fetch() = 0;

  /// Memory for `which` of two inputs of step(), which the device copies from by itself (pinned).
  virtual float* host_memory(int which, std::int64_t numbers) = 0;
};

/// `parameters`: the backbone's, of a network of this shape. They outlive it.
std::unique_ptr<DeviceNetwork> make_device_network(const DeepClusterShape& shape,
                                                   const std::vector<Parameter*>& parameters,
                                                   const DeviceChoice& device);

}  // namespace coterie::inline training
