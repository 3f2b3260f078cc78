// EfficientNet-Lite0 to 4 (Tan and Le, "EfficientNet", ICML 2019; the Lite variants leave out squeeze-and-excitation
// and use ReLU6). Names, epsilon and the rules of width and depth as in the PyTorch package efficientnet-lite-pytorch
// (utils.py: round_filters, round_repeats; stem, head, first and last stage keep their depth); padding is TensorFlow's
// SAME. Layers: the last block of each stage, what the package's extract_features gives, and that pooled.

#include <algorithm>
#include <cmath>
#include <string>

#include "coterie/base/errors.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

constexpr double kEpsilon = 1e-3;

// A run of inverted residual blocks; the stride is the first block's.
struct Stage {
  std::int64_t kernel, stride, expansion, out, blocks;
};
constexpr Stage kLite0[] = {{3, 1, 1, 16, 1},  {3, 2, 6, 24, 2},  {5, 2, 6, 40, 2}, {3, 2, 6, 80, 3},
                            {5, 1, 6, 112, 3}, {5, 2, 6, 192, 4}, {3, 1, 6, 320, 1}};

// To a multiple of 8, and never below 90 % of what was asked for.
std::int64_t widened(std::int64_t channels, double width) {
  const double wanted = static_cast<double>(channels) * width;
  const auto rounded = std::max<std::int64_t>(8, static_cast<std::int64_t>(wanted + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * wanted ? rounded + 8 : rounded;
}

// Expand 1x1 -> depthwise -> project 1x1 without activation; added to its input where the shapes agree.
Value block(Plan& plan, const std::string& name, Value input, const Stage& stage, std::int64_t stride) {
  const std::int64_t in = plan.extent(input).channels;
  Value value = input;
  if (stage.expansion > 1)
    value = plan.convolve(value, torch_convolution(name + "._expand_conv", name + "._bn0", kEpsilon),
                          in * stage.expansion, {}, Activation::relu6);
  value = plan.depthwise(value, torch_depthwise(name + "._depthwise_conv", name + "._bn1", kEpsilon),
                         tf_same(stage.kernel, stride, plan.extent(value).height), Activation::relu6);
  const bool residual = stride == 1 && in == stage.out;
  return plan.convolve(value, torch_convolution(name + "._project_conv", name + "._bn2", kEpsilon), stage.out, {},
                       Activation::none, residual ? input : kNoValue);
}

std::vector<Plan> plan_lite(double width, double depth, std::int64_t size) {
  Plan plan({size, size, 3});
  plan.ignore("", ".num_batches_tracked");
  Value value = plan.convolve(kInput, torch_convolution("_conv_stem", "_bn0", kEpsilon), 32, tf_same(3, 2, size),
                              Activation::relu6);
  int number = 0;
  for (Stage stage : kLite0) {
    stage.out = widened(stage.out, width);
    if (stage.blocks > 1)
      stage.blocks = static_cast<std::int64_t>(std::ceil(depth * static_cast<double>(stage.blocks)));
    for (std::int64_t i = 0; i < stage.blocks; ++i, ++number)
      value = block(plan, fmt::format("_blocks.{}", number), value, stage, i == 0 ? stage.stride : 1);
    plan.name_layer(fmt::format("_blocks.{}", number - 1), value);
  }
  value = plan.convolve(value, torch_convolution("_conv_head", "_bn1", kEpsilon), 1280, {}, Activation::relu6);
  plan.name_layer("features", value);
  value = plan.average(value);
  plan.name_layer("pooled", value);
  plan.name_layer("fc", plan.convolve(value, torch_dense("_fc"), 1000, {}, Activation::none));
  return {plan};
}

}  // namespace

std::vector<Plan> plan_efficientnet_lite0() { return plan_lite(1.0, 1.0, 224); }
std::vector<Plan> plan_efficientnet_lite1() { return plan_lite(1.0, 1.1, 240); }
std::vector<Plan> plan_efficientnet_lite2() { return plan_lite(1.1, 1.2, 260); }
std::vector<Plan> plan_efficientnet_lite3() { return plan_lite(1.2, 1.4, 280); }
std::vector<Plan> plan_efficientnet_lite4() { return plan_lite(1.4, 1.8, 300); }

}  // namespace coterie::inline features
