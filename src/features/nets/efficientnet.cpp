// EfficientNet-Lite0 (Tan and Le, "EfficientNet", ICML 2019; the Lite variants leave out squeeze-and-excitation and
// use ReLU6). Names and epsilon as in the PyTorch package efficientnet-lite-pytorch; padding is TensorFlow's SAME.

#include <string>

#include "affine.hpp"
#include "coterie/base/errors.hpp"
#include "families.hpp"

namespace coterie {
namespace {

constexpr double kEpsilon = 1e-3;

// A run of inverted residual blocks; the stride is the first block's.
struct Stage {
  std::int64_t kernel, stride, expansion, out, blocks;
};
constexpr Stage kLite0[] = {{3, 1, 1, 16, 1},  {3, 2, 6, 24, 2},  {5, 2, 6, 40, 2}, {3, 2, 6, 80, 3},
                            {5, 1, 6, 112, 3}, {5, 2, 6, 192, 4}, {3, 1, 6, 320, 1}};

// Expand 1x1 -> depthwise -> project 1x1 without activation; added to its input where the shapes agree.
Value block(Plan& plan, WeightSource& weights, const std::string& name, Value input, const Stage& stage,
            std::int64_t stride) {
  const std::int64_t in = plan.extent(input).channels, wide = in * stage.expansion;
  Value value = input;
  if (stage.expansion > 1)
    value = plan.convolve(value,
                          torch_convolution(weights, {name + "._expand_conv", name + "._bn0"}, 1, in, wide, kEpsilon),
                          {}, Activation::relu6);
  value = plan.depthwise(
      value, torch_depthwise(weights, {name + "._depthwise_conv", name + "._bn1"}, stage.kernel, wide, kEpsilon),
      tf_same(stage.kernel, stride, plan.extent(value).height), Activation::relu6);
  const bool residual = stride == 1 && in == stage.out;
  return plan.convolve(
      value, torch_convolution(weights, {name + "._project_conv", name + "._bn2"}, 1, wide, stage.out, kEpsilon), {},
      Activation::none, residual ? input : kNoValue);
}

}  // namespace

Plan plan_efficientnet_lite0(WeightSource& weights) {
  weights.ignore_prefix("_fc.");
  weights.ignore_suffix(".num_batches_tracked");
  Plan plan({224, 224, 3});
  Value value = plan.convolve(kInput, torch_convolution(weights, {"_conv_stem", "_bn0"}, 3, 3, 32, kEpsilon),
                              tf_same(3, 2, 224), Activation::relu6);
  int number = 0;
  for (const Stage& stage : kLite0)
    for (std::int64_t i = 0; i < stage.blocks; ++i, ++number)
      value = block(plan, weights, fmt::format("_blocks.{}", number), value, stage, i == 0 ? stage.stride : 1);
  value = plan.convolve(value, torch_convolution(weights, {"_conv_head", "_bn1"}, 1, 320, 1280, kEpsilon), {},
                        Activation::relu6);
  plan.name_layer("pooled", plan.average(value));
  return plan;
}

}  // namespace coterie
