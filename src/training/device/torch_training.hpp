#pragma once

#include "coterie/training/device_network.hpp"

/// Where libcoterie_torch_training.so has make_device_network(); the caller owns what it gives.
extern "C" coterie::DeviceNetwork* coterie_make_device_network(const coterie::DeepClusterShape& shape,
                                                               const std::vector<coterie::Parameter*>& parameters,
                                                               const coterie::DeviceChoice& device);
