// VGG-16 (Simonyan and Zisserman, ICLR 2015, configuration D). Keras and those who built on it (keras_applications/
// vgg16.py, Keras-VGG16-places365, rcmalli/keras-vggface) take BGR and flatten rows first and channels last;
// torchvision (models/vgg.py) takes RGB and flattens channels first. Keras' fc1 and fc2 are taken after their ReLU,
// VGGFace's fc6, fc7 and torchvision's classifier.0, classifier.3 before it.

#include <algorithm>
#include <string>
#include <string_view>

#include "coterie/base/errors.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

constexpr int kBlocks[] = {2, 2, 3, 3, 3};  // convolutions before each pool

std::int64_t channels_of(int block) { return std::min<std::int64_t>(std::int64_t{32} << block, 512); }

// The patterns take the block's number and, for a convolution, the number inside it.
Value keras_blocks(Plan& plan, std::string_view convolution, std::string_view pool) {
  Value value = kInput;
  for (int block = 1; block <= 5; ++block) {
    for (int i = 1; i <= kBlocks[block - 1]; ++i) {
      const std::string name = fmt::format(fmt::runtime(convolution), block, i);
      value = plan.convolve(value, keras_convolution(name), channels_of(block), symmetric(3, 1, 1), Activation::relu);
      plan.name_layer(name, value);
    }
    value = plan.max_pool(value, symmetric(2, 2, 0));
    plan.name_layer(fmt::format(fmt::runtime(pool), block), value);
  }
  value = plan.flatten(value);
  plan.name_layer("flatten", value);
  return value;
}

std::vector<Plan> plan_keras(std::int64_t classes) {
  Plan plan({224, 224, 3});
  Value value = keras_blocks(plan, "block{}_conv{}", "block{}_pool");
  for (const std::string layer : {"fc1", "fc2"}) {
    value = plan.convolve(value, keras_dense(layer), 4096, {}, Activation::relu);
    plan.name_layer(layer, value);
  }
  value = plan.convolve(value, keras_dense("predictions"), classes, {}, Activation::none);
  plan.name_layer("predictions", plan.softmax(value));
  return {plan};
}

}  // namespace

std::vector<Plan> plan_vgg16() { return plan_keras(1000); }
std::vector<Plan> plan_vgg16_places365() { return plan_keras(365); }
std::vector<Plan> plan_vgg16_hybrid1365() { return plan_keras(1365); }

std::vector<Plan> plan_vgg16_vggface() {
  Plan plan({224, 224, 3});
  Value value = keras_blocks(plan, "conv{}_{}", "pool{}");
  for (const std::string layer : {"fc6", "fc7"}) {
    value = plan.convolve(value, keras_dense(layer), 4096, {}, Activation::none);
    plan.name_layer(layer, value);
    value = plan.activate(value, Activation::relu);
    plan.name_layer(layer + "/relu", value);
  }
  value = plan.convolve(value, keras_dense("fc8"), 2622, {}, Activation::none);
  plan.name_layer("fc8", value);
  plan.name_layer("fc8/softmax", plan.softmax(value));
  return {plan};
}

std::vector<Plan> plan_vgg16_torchvision() {
  Plan plan({224, 224, 3});
  Value value = kInput;
  int module = 0;  // a convolution, its ReLU and a pool are one each
  for (int block = 1; block <= 5; ++block) {
    for (int i = 0; i < kBlocks[block - 1]; ++i, module += 2) {
      value = plan.convolve(value, torch_convolution(fmt::format("features.{}", module), "", 0, true),
                            channels_of(block), symmetric(3, 1, 1), Activation::relu);
      plan.name_layer(fmt::format("features.{}", module + 1), value);
    }
    value = plan.max_pool(value, symmetric(2, 2, 0));
    plan.name_layer(fmt::format("features.{}", module++), value);
  }
  value = plan.flatten_channels_first(value);
  plan.name_layer("flatten", value);
  add_torchvision_classifier(plan, value, 0);
  return {plan};
}

}  // namespace coterie::inline features
