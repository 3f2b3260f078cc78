// ResNet-50 (He et al., "Deep residual learning", CVPR 2016). torchvision (models/resnet.py) has the stride in the 3x3
// convolution and no biases; Keras (keras_applications/resnet50.py and resnet_common.py) has it in the first 1x1, and
// biases. Keras published two files, of other names and another epsilon, and its versions differ in how the first
// convolution and the first pool are padded.

#include <string>

#include "coterie/base/errors.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

constexpr int kBlocks[] = {3, 4, 6, 3};  // in each stage

// What one bottleneck is called, by whoever wrote the file, and where its stride is.
struct Bottleneck {
  Parameters first, second, third, projection;
  std::int64_t width = 64, first_stride = 1, second_stride = 1;
};

// 1x1 -> 3x3 -> 1x1, added to the input or, where the shape changes, to its projection; then ReLU.
Value add_bottleneck(Plan& plan, const Bottleneck& block, Value input) {
  const std::int64_t out = 4 * block.width, stride = block.first_stride * block.second_stride;
  Value value = plan.convolve(input, block.first, block.width, symmetric(1, block.first_stride, 0), Activation::relu);
  value = plan.convolve(value, block.second, block.width, symmetric(3, block.second_stride, 1), Activation::relu);
  Value shortcut = input;
  if (plan.extent(input).channels != out)
    shortcut = plan.convolve(input, block.projection, out, symmetric(1, stride, 0), Activation::none);
  return plan.convolve(value, block.third, out, {}, Activation::relu, shortcut);
}

Bottleneck torch_bottleneck(const std::string& name, std::int64_t width, std::int64_t stride) {
  const auto parameters = [&](const std::string& convolution, const std::string& norm) {
    return torch_convolution(name + convolution, name + norm, 1e-5);
  };
  return {parameters(".conv1", ".bn1"),
          parameters(".conv2", ".bn2"),
          parameters(".conv3", ".bn3"),
          parameters(".downsample.0", ".downsample.1"),
          width,
          1,
          stride};
}

// Of the file of 2015: "res2a_branch2a" with "bn2a_branch2a", the projection "res2a_branch1".
Bottleneck old_keras_bottleneck(int stage, int block, std::int64_t width, std::int64_t stride) {
  const auto parameters = [&](const char* branch) {
    const std::string name = fmt::format("{}{}_branch{}", stage, static_cast<char>('a' + block), branch);
    return keras_convolution("res" + name, "bn" + name, 1e-3);
  };
  return {parameters("2a"), parameters("2b"), parameters("2c"), parameters("1"), width, stride, 1};
}

// Of the file of 2019: "conv2_block1_1_conv" with "conv2_block1_1_bn", the projection "conv2_block1_0_conv".
Bottleneck new_keras_bottleneck(int stage, int block, std::int64_t width, std::int64_t stride) {
  const auto parameters = [&](int number) {
    const std::string name = fmt::format("conv{}_block{}_{}_", stage, block + 1, number);
    return keras_convolution(name + "conv", name + "bn", 1.001e-5);
  };
  return {parameters(1), parameters(2), parameters(3), parameters(0), width, stride, 1};
}

// Which of Keras' topologies.
struct Padding {
  bool first_convolution_same = false;  // TensorFlow's SAME, 2 before and 3 behind, rather than 3 on both sides
  bool first_pool = true;               // one cell on all sides: 56 rather than 55 rows
};

Plan plan_keras(const Padding& padding, bool old, const std::string& dense) {
  Plan plan({224, 224, 3});
  Value value = plan.convolve(
      kInput,
      old ? keras_convolution("conv1", "bn_conv1", 1e-3) : keras_convolution("conv1_conv", "conv1_bn", 1.001e-5), 64,
      padding.first_convolution_same ? tf_same(7, 2, 224) : symmetric(7, 2, 3), Activation::relu);
  plan.name_layer("conv1_relu", value);
  value = plan.max_pool(value, symmetric(3, 2, padding.first_pool ? 1 : 0));
  plan.name_layer("pool1_pool", value);
  for (int stage = 0; stage < 4; ++stage)
    for (int i = 0; i < kBlocks[stage]; ++i) {
      const std::int64_t stride = stage > 0 && i == 0 ? 2 : 1;
      const auto bottleneck = old ? old_keras_bottleneck : new_keras_bottleneck;
      value = add_bottleneck(plan, bottleneck(stage + 2, i, 64 << stage, stride), value);
      plan.name_layer(fmt::format("conv{}_block{}_out", stage + 2, i + 1), value);
    }
  value = plan.average(value);
  plan.name_layer("avg_pool", value);
  value = plan.softmax(plan.convolve(value, keras_dense(dense), 1000, {}, Activation::none));
  plan.name_layer("predictions", value);
  return plan;
}

// keras_applications called the last layer of the new file probs, Keras itself calls it predictions.
std::vector<Plan> plan_keras(const Padding& padding) {
  return {plan_keras(padding, true, "fc1000"), plan_keras(padding, false, "probs"),
          plan_keras(padding, false, "predictions")};
}

}  // namespace

std::vector<Plan> plan_resnet50() {
  Plan plan({224, 224, 3});
  plan.ignore("", ".num_batches_tracked");
  Value value =
      plan.convolve(kInput, torch_convolution("conv1", "bn1", 1e-5), 64, symmetric(7, 2, 3), Activation::relu);
  value = plan.max_pool(value, symmetric(3, 2, 1));
  for (int stage = 0; stage < 4; ++stage) {
    for (int i = 0; i < kBlocks[stage]; ++i) {
      const std::string name = fmt::format("layer{}.{}", stage + 1, i);
      value = add_bottleneck(plan, torch_bottleneck(name, 64 << stage, stage > 0 && i == 0 ? 2 : 1), value);
    }
    plan.name_layer(fmt::format("layer{}", stage + 1), value);
  }
  value = plan.average(value);
  plan.name_layer("avgpool", value);
  value = plan.convolve(value, torch_dense("fc"), 1000, {}, Activation::none);
  plan.name_layer("fc", value);
  return {plan};
}

std::vector<Plan> plan_resnet50_keras() { return plan_keras({}); }
std::vector<Plan> plan_resnet50_keras_2_2_0() { return plan_keras({.first_pool = false}); }
std::vector<Plan> plan_resnet50_keras_2_0_7() {
  return plan_keras({.first_convolution_same = true, .first_pool = false});
}

}  // namespace coterie::inline features
