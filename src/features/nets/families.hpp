#pragma once

#include <vector>

#include "nets/plan.hpp"

namespace coterie::inline features {

// One file for each family of networks; each function describes one network, once for each way that its published files
// name the tensors. All plans of a network offer the same layers.

std::vector<Plan> plan_efficientnet_lite0();
std::vector<Plan> plan_efficientnet_lite1();
std::vector<Plan> plan_efficientnet_lite2();
std::vector<Plan> plan_efficientnet_lite3();
std::vector<Plan> plan_efficientnet_lite4();

std::vector<Plan> plan_resnet50();              ///< torchvision
std::vector<Plan> plan_resnet50_keras();        ///< since Keras 2.2.3
std::vector<Plan> plan_resnet50_keras_2_2_0();  ///< Keras 2.1.5 to 2.2.2, and until 2.0.6: nothing pads the first pool
std::vector<Plan> plan_resnet50_keras_2_0_7();  ///< Keras 2.0.7 to 2.1.4: moreover the first convolution is SAME

std::vector<Plan> plan_vgg16();
std::vector<Plan> plan_vgg16_places365();
std::vector<Plan> plan_vgg16_hybrid1365();
std::vector<Plan> plan_vgg16_vggface();
std::vector<Plan> plan_vgg16_torchvision();

std::vector<Plan> plan_xception();
std::vector<Plan> plan_inception_v3();
std::vector<Plan> plan_inception_2015();

std::vector<Plan> plan_densenet201();  ///< torchvision
std::vector<Plan> plan_densenet201_keras();

std::vector<Plan> plan_alexnet();
std::vector<Plan> plan_deepcluster_alexnet();
std::vector<Plan> plan_deepcluster_vgg16();

/// The brightness of the input's pixels.
Value grey(Plan& plan);
Plan plan_grey_pixels(std::int64_t size);

}  // namespace coterie::inline features
