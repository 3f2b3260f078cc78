// From the library that is opened when a network is first trained on a GPU.
#include "coterie/training/device_network.hpp"

#include "coterie/base/on_demand.hpp"
#include "device/torch_training.hpp"

namespace coterie::inline training {

std::unique_ptr<DeviceNetwork> make_device_network(const DeepClusterShape& shape,
                                                   const std::vector<Parameter*>& parameters,
                                                   const DeviceChoice& device) {
  const auto make = reinterpret_cast<decltype(&coterie_make_device_network)>(
      on_demand("libcoterie_torch_training.so", "coterie_make_device_network"));
  return std::unique_ptr<DeviceNetwork>(make(shape, parameters, device));
}

}  // namespace coterie::inline training
