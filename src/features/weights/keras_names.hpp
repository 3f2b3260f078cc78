#pragma once

#include <map>
#include <string>
#include <vector>

namespace coterie::inline features {

/// What a weight is to its layer: "kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance",
/// "depthwise_kernel", "pointwise_kernel", whether the entry of weight_names is Keras 2's "fc1/kernel:0" or Keras 1's
/// "fc1_W_1:0". Another name is returned without its path and its ":0".
std::string keras_role(const std::string& weight);

/// The layer that an entry of weight_names belongs to: "conv1/conv" of "conv1/conv/kernel:0" and of Keras 1's
/// "conv1/conv_W:0".
std::string keras_layer_of(const std::string& weight);

/// The names under which the layers' tensors are kept: each layer's own, but layers that nobody named, which Keras
/// numbers through a whole session, are counted from 1 within each kind: conv2d_17, conv2d_18 become conv2d_1,
/// conv2d_2, and so do conv2d, conv2d_1. The order and the gaps stay.
std::map<std::string, std::string> keras_layer_names(const std::vector<std::string>& layers);

}  // namespace coterie::inline features
