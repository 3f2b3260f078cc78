#pragma once

#include <string>

#include "nets/plan.hpp"

namespace coterie::inline features {

// The names that PyTorch and Keras give the tensors of one layer.

/// A convolution and the normalisation after it ("" for none): "layer1.0.conv1", "layer1.0.bn1".
Parameters torch_convolution(const std::string& convolution, const std::string& normalisation, double epsilon,
                             bool bias = false);
Parameters torch_depthwise(const std::string& convolution, const std::string& normalisation, double epsilon);
Parameters torch_dense(const std::string& layer);
Parameters torch_normalisation(const std::string& layer, double epsilon);

/// The same with Keras' names ("conv1/kernel", "bn_conv1/moving_mean"), as read_weights gives them for all versions.
Parameters keras_convolution(const std::string& convolution, const std::string& normalisation = "",
                             double epsilon = 1e-3, bool bias = true);
Parameters keras_dense(const std::string& layer);
Parameters keras_normalisation(const std::string& layer, double epsilon, bool gamma = true);

/// The two halves of Keras' SeparableConv2D, which share one layer's name.
Parameters keras_depthwise(const std::string& separable);
Parameters keras_pointwise(const std::string& separable, const std::string& normalisation, double epsilon = 1e-3);

/// torchvision's classifier of AlexNet and VGG, two dense layers of 4096 with ReLU and one of 1000, as modules
/// classifier.0 to classifier.6, the first dense one at `first`; names their layers.
void add_torchvision_classifier(Plan& plan, Value value, int first);

}  // namespace coterie::inline features
