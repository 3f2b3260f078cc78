// Xception (Chollet, CVPR 2017) as Keras has it (keras_applications/xception.py). The published file was written by
// Keras 1, whose layers had numbers for names: convolutions, separable convolutions and normalisations are counted in
// the order in which they were made, where a block's projection comes before the rest of it. Files of later versions
// have names, but for the four projections.

#include <string>

#include "coterie/base/errors.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

// Adds units of convolution and normalisation, in the order in which Keras makes them.
class Xception {
 public:
  Xception(Plan& plan, bool numbered) : plan_(plan), numbered_(numbered) {}

  Value convolve(Value input, const std::string& name, std::int64_t channels, std::int64_t stride) {
    const std::string convolution = numbered_ ? fmt::format("convolution2d_{}", ++convolutions_) : name;
    return plan_.convolve(input, keras_convolution(convolution, normalisation(name), 1e-3, false), channels,
                          symmetric(3, stride, 0), Activation::relu);
  }

  // The shortcut of a block that halves the image, which has no name in any version.
  Parameters projection() {
    const std::string convolution = fmt::format("{}_{}", numbered_ ? "convolution2d" : "conv2d", ++convolutions_);
    const std::string norm = fmt::format("{}_{}", numbered_ ? "batchnormalization" : "batch_normalization", ++norms_);
    return keras_convolution(convolution, norm, 1e-3, false);
  }

  Value separable(Value input, const std::string& name, std::int64_t channels, Activation activation,
                  Value addend = kNoValue) {
    const std::string layer = numbered_ ? fmt::format("separableconvolution2d_{}", ++separables_) : name;
    const Value value = plan_.depthwise(input, keras_depthwise(layer), same(3, 3), Activation::none);
    return plan_.convolve(value, keras_pointwise(layer, normalisation(name)), channels, {}, activation, addend);
  }

 private:
  std::string normalisation(const std::string& name) {
    return numbered_ ? fmt::format("batchnormalization_{}", ++norms_) : name + "_bn";
  }

  Plan& plan_;
  bool numbered_;
  int convolutions_ = 0, separables_ = 0, norms_ = 0;
};

// Blocks 2, 3, 4 and 13: the ReLU at the beginning is for the separable convolutions alone, not for the projection.
Value halving_block(Plan& plan, Xception& net, int block, Value input, std::int64_t first, std::int64_t second) {
  const Parameters projection = net.projection();
  Value value = block == 2 ? input : plan.activate(input, Activation::relu);
  value = net.separable(value, fmt::format("block{}_sepconv1", block), first, Activation::relu);
  value = net.separable(value, fmt::format("block{}_sepconv2", block), second, Activation::none);
  value = plan.max_pool(value, tf_same(3, 2, plan.extent(value).height));
  return plan.convolve(input, projection, second, symmetric(1, 2, 0), Activation::none, value);
}

// Blocks 5 to 12.
Value middle_block(Plan& plan, Xception& net, int block, Value input) {
  Value value = plan.activate(input, Activation::relu);
  for (int i = 1; i <= 3; ++i)
    value = net.separable(value, fmt::format("block{}_sepconv{}", block, i), 728,
                          i < 3 ? Activation::relu : Activation::none, i < 3 ? kNoValue : input);
  return value;
}

Plan plan_xception(bool numbered) {
  Plan plan({299, 299, 3});
  Xception net(plan, numbered);
  Value value = net.convolve(kInput, "block1_conv1", 32, 2);
  value = net.convolve(value, "block1_conv2", 64, 1);
  plan.name_layer("block1_conv2_act", value);
  for (int block = 2; block <= 13; ++block) {
    const std::int64_t channels = block == 2 ? 128 : block == 3 ? 256 : 728;
    if (block == 13)
      value = halving_block(plan, net, block, value, 728, 1024);
    else
      value = block < 5 ? halving_block(plan, net, block, value, channels, channels)
                        : middle_block(plan, net, block, value);
    plan.name_layer(fmt::format("add_{}", block - 1), value);
  }
  value = net.separable(value, "block14_sepconv1", 1536, Activation::relu);
  value = net.separable(value, "block14_sepconv2", 2048, Activation::relu);
  plan.name_layer("block14_sepconv2_act", value);
  value = plan.average(value);
  plan.name_layer("avg_pool", value);
  // Keras 1 called it dense_2, the smallest of its kind in the file.
  const std::string dense = numbered ? "dense_1" : "predictions";
  value = plan.softmax(plan.convolve(value, keras_dense(dense), 1000, {}, Activation::none));
  plan.name_layer("predictions", value);
  return plan;
}

}  // namespace

std::vector<Plan> plan_xception() { return {plan_xception(true), plan_xception(false)}; }

}  // namespace coterie::inline features
