// AlexNet as torchvision has it (models/alexnet.py; Krizhevsky, "One weird trick", 2014): no normalisation, flattened
// channels first. Layers have their modules' names: classifier.1 and classifier.4 are fc6 and fc7 before their ReLU,
// classifier.2 and classifier.5 after it.

#include <string>

#include "coterie/base/errors.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {

std::vector<Plan> plan_alexnet() {
  struct Convolution {
    int module;
    std::int64_t channels;
    Window window;
    bool pooled;
  };
  const Convolution convolutions[] = {{0, 64, symmetric(11, 4, 2), true},
                                      {3, 192, symmetric(5, 1, 2), true},
                                      {6, 384, symmetric(3, 1, 1), false},
                                      {8, 256, symmetric(3, 1, 1), false},
                                      {10, 256, symmetric(3, 1, 1), true}};
  Plan plan({224, 224, 3});
  Value value = kInput;
  for (const auto& each : convolutions) {
    value = plan.convolve(value, torch_convolution(fmt::format("features.{}", each.module), "", 0, true), each.channels,
                          each.window, Activation::relu);
    plan.name_layer(fmt::format("features.{}", each.module + 1), value);
    if (!each.pooled) continue;
    value = plan.max_pool(value, symmetric(3, 2, 0));
    plan.name_layer(fmt::format("features.{}", each.module + 2), value);
  }
  value = plan.flatten_channels_first(value);
  plan.name_layer("flatten", value);
  add_torchvision_classifier(plan, value, 1);
  return {plan};
}

}  // namespace coterie::inline features
