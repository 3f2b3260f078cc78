// The networks of DeepCluster (Caron et al., ECCV 2018; facebookresearch/deepcluster, models/alexnet.py and vgg16.py):
// with batch normalisation, on the two Sobel gradients of the grey image. conv1, conv2, … are taken after their ReLU as
// in eval_linear.py; fc7, what the images are clustered by, is the second dense layer before its ReLU. The layer on
// top, which every epoch of the training made anew, is left out.

#include <array>
#include <string>

#include "coterie/base/errors.hpp"
#include "nets/families.hpp"
#include "nets/names.hpp"

namespace coterie::inline features {
namespace {

// A third of each channel, then the Sobel kernels: the two convolutions of the origin in one. The border is the same
// because the origin pads the grey image with zeros and its first convolution has no bias.
Affine sobel_of_grey() {
  constexpr std::array<std::array<float, 9>, 2> kSobel = {
      {{1, 0, -1, 2, 0, -2, 1, 0, -1}, {1, 2, 1, 0, 0, 0, -1, -2, -1}}};
  Affine affine{{}, {0, 0}};
  for (std::size_t tap = 0; tap < 9; ++tap)
    for (int channel = 0; channel < 3; ++channel)
      for (const auto& sobel : kSobel) affine.kernel.push_back(sobel[tap] / 3);
  return affine;
}

struct Convolution {
  std::int64_t channels;
  Window window;
  bool pooled = false;
};

// `first_dense` is the first dense layer's number among the modules of the classifier, the second is three later.
std::vector<Plan> plan_deepcluster(const std::vector<Convolution>& convolutions, const Window& pool, int first_dense) {
  Plan plan({224, 224, 3});
  plan.ignore("sobel.");
  plan.ignore("top_layer.");
  plan.ignore("", ".num_batches_tracked");
  Value value = plan.convolve(kInput, sobel_of_grey(), symmetric(3, 1, 1), Activation::none);
  int module = 0, number = 0;  // a convolution, its normalisation, its ReLU and a pool are one module each
  for (const auto& each : convolutions) {
    const auto parameters =
        torch_convolution(fmt::format("features.{}", module), fmt::format("features.{}", module + 1), 1e-5, true);
    value = plan.convolve(value, parameters, each.channels, each.window, Activation::relu);
    plan.name_layer(fmt::format("conv{}", ++number), value);
    module += each.pooled ? 4 : 3;
    if (each.pooled) value = plan.max_pool(value, pool);
  }
  value = plan.flatten_channels_first(value);
  plan.name_layer("flatten", value);
  value = plan.convolve(value, torch_dense(fmt::format("classifier.{}", first_dense)), 4096, {}, Activation::none);
  plan.name_layer("fc6", value);
  value = plan.activate(value, Activation::relu);
  plan.name_layer("fc6/relu", value);
  value = plan.convolve(value, torch_dense(fmt::format("classifier.{}", first_dense + 3)), 4096, {}, Activation::none);
  plan.name_layer("fc7", value);
  return {plan};
}

}  // namespace

std::vector<Plan> plan_deepcluster_alexnet() {
  return plan_deepcluster({{96, symmetric(11, 4, 2), true},
                           {256, symmetric(5, 1, 2), true},
                           {384, symmetric(3, 1, 1)},
                           {384, symmetric(3, 1, 1)},
                           {256, symmetric(3, 1, 1), true}},
                          symmetric(3, 2, 0), 1);
}

std::vector<Plan> plan_deepcluster_vgg16() {
  std::vector<Convolution> convolutions;
  for (const std::int64_t channels : {64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512})
    convolutions.push_back({channels, symmetric(3, 1, 1)});
  for (const std::size_t last : {1, 3, 6, 9, 12}) convolutions[last].pooled = true;
  return plan_deepcluster(convolutions, symmetric(2, 2, 0), 0);
}

}  // namespace coterie::inline features
