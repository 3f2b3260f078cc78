#pragma once

#include <string>

#include "plan.hpp"
#include "weight_source.hpp"

namespace coterie {

// One function for each family of networks: its steps and the names of its tensors. All take 224 × 224 RGB or BGR.

Plan plan_efficientnet_lite0(WeightSource& weights);
Plan plan_resnet50(WeightSource& weights);
Plan plan_vgg16(WeightSource& weights);

/// By the name of the backbone.
Plan plan_backbone(const std::string& name, WeightSource& weights);

}  // namespace coterie
