// ResNet-50 (He et al., "Deep residual learning", CVPR 2016) as torchvision has it: the stride sits in the 3x3
// convolution. Names and epsilon are torchvision's (models/resnet.py).

#include <string>

#include "affine.hpp"
#include "coterie/base/errors.hpp"
#include "families.hpp"

namespace coterie {
namespace {

constexpr double kEpsilon = 1e-5;

// 1x1 -> 3x3 -> 1x1, added to the input or, where the shape changes, to its projection; then ReLU.
Value bottleneck(Plan& plan, WeightSource& weights, const std::string& name, Value input, std::int64_t width,
                 std::int64_t stride) {
  const std::int64_t in = plan.extent(input).channels, out = 4 * width;
  const auto affine = [&](const std::string& convolution, const std::string& norm, std::int64_t kernel,
                          std::int64_t from, std::int64_t to) {
    return torch_convolution(weights, {name + convolution, name + norm}, kernel, from, to, kEpsilon);
  };
  Value value = plan.convolve(input, affine(".conv1", ".bn1", 1, in, width), {}, Activation::relu);
  value = plan.convolve(value, affine(".conv2", ".bn2", 3, width, width), symmetric(3, stride, 1), Activation::relu);
  Affine last = affine(".conv3", ".bn3", 1, width, out);
  Value shortcut = input;
  if (in != out)
    shortcut = plan.convolve(input, affine(".downsample.0", ".downsample.1", 1, in, out), symmetric(1, stride, 0),
                             Activation::none);
  return plan.convolve(value, std::move(last), {}, Activation::relu, shortcut);
}

}  // namespace

Plan plan_resnet50(WeightSource& weights) {
  constexpr int kBlocks[] = {3, 4, 6, 3};
  weights.ignore_prefix("fc.");
  weights.ignore_suffix(".num_batches_tracked");
  Plan plan({224, 224, 3});
  Value value = plan.convolve(kInput, torch_convolution(weights, {"conv1", "bn1"}, 7, 3, 64, kEpsilon),
                              symmetric(7, 2, 3), Activation::relu);
  value = plan.max_pool(value, symmetric(3, 2, 1));
  for (int stage = 0; stage < 4; ++stage)
    for (int i = 0; i < kBlocks[stage]; ++i)
      value = bottleneck(plan, weights, fmt::format("layer{}.{}", stage + 1, i), value, 64 << stage,
                         stage > 0 && i == 0 ? 2 : 1);
  plan.name_layer("avg_pool", plan.average(value));
  return plan;
}

}  // namespace coterie
