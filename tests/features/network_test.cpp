#include "coterie/features/network.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>

#include "coterie/base/errors.hpp"
#include "nets/cpu_kernels.hpp"
#include "nets/engine.hpp"
#include "nets/weight_source.hpp"
#include "test_values.hpp"

namespace coterie {
namespace {

double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max<double>(largest, std::fabs(a[i] - b[i]));
  return largest;
}

double largest(const std::vector<float>& values) {
  return std::fabs(
      *std::max_element(values.begin(), values.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); }));
}

// The same plan by both engines. Chains of up to 3,000 float32 additions in two orders: 1e-5 of the largest value is
// ten times what was seen.
void check_engines_agree(const Plan& plan, std::int64_t count) {
  const auto pixels = noise(count * plan.extent(kInput).elements(), 9);
  const auto last = static_cast<Value>(plan.steps().size());
  std::vector<float> ours(static_cast<std::size_t>(count * plan.extent(last).elements())), torch(ours.size());
  float* const to_ours[] = {ours.data()};
  float* const to_torch[] = {torch.data()};
  const RandomWeights weights(5);
  make_cpu_engine(plan, weights)->run(pixels.data(), count, to_ours);
  make_torch_engine(plan, weights, "cpu", 2)->run(pixels.data(), count, to_torch);
  CHECK(largest(torch) > 0);
  CHECK(largest_difference(ours, torch) <= 1e-5 * largest(torch));
}

Plan one_layer(Extent input, const std::function<void(Plan&)>& add) {
  Plan plan(input);
  add(plan);
  return plan;
}

}  // namespace

TEST_CASE("each layer of our own agrees with LibTorch's, at odd sizes, paddings, strides and channel counts") {
  for (const Window& window : {symmetric(1, 1, 0), symmetric(3, 1, 1), Window{{3, 2, 0, 1}, {3, 2, 0, 1}},
                               Window{{5, 2, 1, 2}, {3, 1, 0, 1}}, symmetric(7, 2, 3), same(1, 7), same(3, 1)})
    for (const std::int64_t in : {1, 3, 40, 264})
      for (const std::int64_t out : {2, 8, 21, 24, 32}) {
        CAPTURE(window.rows.kernel);
        CAPTURE(in);
        CAPTURE(out);
        for (const auto activation : {Activation::none, Activation::relu, Activation::relu6})
          check_engines_agree(one_layer({9, 11, in},
                                        [&](Plan& plan) {
                                          plan.convolve(kInput, random_affine(window.taps() * in * out, out), window,
                                                        activation);
                                        }),
                              3);
      }
  for (const std::int64_t channels : {8, 40, 96})
    for (const Window& window : {tf_same(3, 1, 10), tf_same(3, 2, 10), tf_same(5, 2, 10), tf_same(5, 1, 10)})
      check_engines_agree(one_layer({10, 10, channels},
                                    [&](Plan& plan) {
                                      plan.depthwise(kInput, random_affine(window.taps() * channels, channels), window,
                                                     Activation::relu6);
                                    }),
                          3);
  for (const Window& window : {symmetric(3, 2, 1), symmetric(2, 2, 0), symmetric(3, 1, 1)}) {
    check_engines_agree(one_layer({7, 8, 5}, [&](Plan& plan) { plan.max_pool(kInput, window); }), 3);
    check_engines_agree(one_layer({7, 8, 5}, [&](Plan& plan) { plan.average_pool(kInput, window); }), 3);
  }
  check_engines_agree(one_layer({7, 8, 5}, [](Plan& plan) { plan.average(kInput); }), 3);
  check_engines_agree(one_layer({3, 2, 21}, [](Plan& plan) { plan.softmax(plan.activate(kInput, Activation::relu)); }),
                      3);
  check_engines_agree(one_layer({3, 2, 5}, [](Plan& plan) { plan.flatten_channels_first(kInput); }), 3);
  const Parameters norm{Layout::c1hw, "", "", {"gamma", "beta", "mean", "variance", 1e-3}};
  check_engines_agree(one_layer({4, 3, 11}, [&](Plan& plan) { plan.normalise(kInput, norm, Activation::relu6); }), 3);
}

TEST_CASE("a residual sum, and a value read long after it was made, survive the reuse of buffers") {
  Plan plan({8, 8, 8});
  const Value a = plan.convolve(kInput, random_affine(64, 8), {}, Activation::relu);
  const Value b = plan.convolve(a, random_affine(9 * 64, 8), symmetric(3, 1, 1), Activation::relu);
  const Value c = plan.convolve(b, random_affine(9 * 64, 8), symmetric(3, 1, 1), Activation::none, a);
  const Value d = plan.convolve(c, random_affine(64, 8), {}, Activation::relu, b);
  plan.convolve(plan.flatten(d), random_affine(512 * 16, 16), {}, Activation::none);
  check_engines_agree(plan, 5);
}

// As in DenseNet: each new value joins those before it, and what was joined is read again, normalised.
TEST_CASE("values that are concatenated, nested, twice and with the input, come out in order") {
  Plan plan({6, 5, 8});
  const Parameters norm{Layout::c1hw, "", "", {"gamma", "beta", "mean", "variance", 1e-3}};
  Value all = plan.convolve(kInput, random_affine(64, 8), {}, Activation::relu);
  for (int i = 0; i < 3; ++i) {
    const Value ready = plan.normalise(all, norm, Activation::relu);
    const std::int64_t in = plan.extent(all).channels;
    const Value grown = plan.convolve(ready, random_affine(9 * in * 16, 16), symmetric(3, 1, 1), Activation::none);
    all = plan.concatenate({all, grown});
  }
  const Value pooled = plan.max_pool(all, symmetric(2, 1, 0));
  const Value again = plan.concatenate({kInput, all, kInput});
  const Value flat = plan.concatenate({plan.flatten(again), plan.flatten(pooled), plan.flatten(all)});
  plan.convolve(flat, random_affine(plan.extent(flat).channels * 8, 8), {}, Activation::none);
  check_engines_agree(plan, 3);
}

TEST_CASE("a plan that keeps some layers drops the steps that only others need, and gives each") {
  Plan plan({4, 4, 8});
  const Value a = plan.convolve(kInput, random_affine(64, 8), {}, Activation::relu);
  const Value b = plan.convolve(a, random_affine(64, 8), {}, Activation::relu);
  const Value c = plan.convolve(a, random_affine(128, 16), {}, Activation::relu);
  plan.name_layer("a", a);
  plan.name_layer("b", b);
  plan.name_layer("c", plan.average(c));
  plan.keep(std::vector<std::string>{"c", "a"});
  CHECK(plan.steps().size() == 3);
  CHECK(plan.layers().size() == 2);
  CHECK(plan.extent(plan.outputs()[0]).elements() == 16);
  CHECK(plan.extent(plan.outputs()[1]).elements() == 128);
  CHECK_THROWS_WITH_AS(plan.keep(std::vector<std::string>{"b"}), doctest::Contains("'b'"), InvalidArgument);
  std::vector<float> pixels = noise(2 * 128, 3), means(32), maps(256);
  float* const outs[] = {means.data(), maps.data()};
  make_cpu_engine(plan, RandomWeights(1))->run(pixels.data(), 2, outs);
  CHECK(largest(means) > 0);
  CHECK(largest(maps) > 0);
}

TEST_CASE("TensorFlow's SAME puts the odd cell of padding behind") {
  CHECK(tf_same(3, 2, 224).rows == Slide{3, 2, 0, 1});
  CHECK(tf_same(3, 2, 224).rows.output(224) == 112);
  CHECK(tf_same(5, 2, 7).columns == Slide{5, 2, 2, 2});
  CHECK(tf_same(5, 2, 7).rows.output(7) == 4);
  CHECK(tf_same(3, 1, 56) == same(3, 3));
}

TEST_CASE("a row's bits depend on its image alone: not on the count, the neighbours or the thread") {
  const Backbone backbone = find_backbone("efficientnet_lite0");
  const Network network(backbone, {""}, random_weights(backbone, {""}, 1), backbone.preprocess,
                        {.device = Device::cpu});
  constexpr std::int64_t kCount = 5, kPixels = 224 * 224 * 3;
  const auto pixels = noise(kCount * kPixels, 4);
  const auto dimension = static_cast<std::size_t>(network.layers()[0].dimension);
  std::vector<float> together(kCount * dimension), apart(kCount * dimension);
  const auto forward = [&](const float* from, std::int64_t count, float* to) {
    network.forward(from, count, std::vector<float*>{to});
  };
  forward(pixels.data(), kCount, together.data());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kCount; ++i)
    threads.emplace_back([&, i] { forward(pixels.data() + i * kPixels, 1, apart.data() + i * dimension); });
  for (auto& thread : threads) thread.join();
  CHECK(together == apart);
  CHECK(largest(together) > 0.01);
  CHECK(std::all_of(together.begin(), together.end(), [](float value) { return value >= 0 && value <= 6; }));
}

TEST_CASE("random weights are a function of the seed, and every network takes its own and no other's") {
  const Backbone lite0 = find_backbone("efficientnet_lite0"), resnet = find_backbone("resnet50");
  const WeightFile first = random_weights(lite0, {""}, 1), again = random_weights(lite0, {""}, 1),
                   other = random_weights(lite0, {""}, 2);
  const auto stem = [](const WeightFile& file) {
    const auto values = file.find("_conv_stem.weight")->values;
    return std::vector<float>(values.begin(), values.end());
  };
  CHECK(stem(first) == stem(again));
  CHECK(stem(first) != stem(other));
  REQUIRE(fitting_backbones(first).size() == 1);
  CHECK(fitting_backbones(first)[0].name == "efficientnet_lite0");
  CHECK_THROWS_WITH_AS(Network(resnet, {""}, first, resnet.preprocess, {.device = Device::cpu}),
                       doctest::Contains("has no tensor 'conv1.weight'"), FileError);
}

TEST_CASE("a missing, an extra, a misshapen and a not finite tensor are named") {
  const Backbone backbone = find_backbone("efficientnet_lite0");
  const WeightFile good = random_weights(backbone, {""}, 1);
  const auto message = [&](const std::function<void(const std::string&, Tensor&, WeightFile&)>& add) {
    WeightFile file("some.pth", "test");
    for (const auto& [name, tensor] : good.tensors()) {
      Tensor copy = tensor;
      add(name, copy, file);
    }
    try {
      const Network network(backbone, {""}, file, backbone.preprocess, {.device = Device::cpu});
    } catch (const FileError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string stem = "_conv_stem.weight";
  const auto missing = message([&](const auto& name, Tensor& tensor, WeightFile& file) {
    file.add(name == stem ? "_conv_stam.weight" : name, tensor);
  });
  CHECK(missing.find("some.pth: has no tensor '_conv_stem.weight' (nearest: '_conv_stam.weight')") !=
        std::string::npos);
  const auto misshapen = message([&](const auto& name, Tensor& tensor, WeightFile& file) {
    if (name == stem) tensor.shape = {32, 27};
    file.add(name, tensor);
  });
  CHECK(misshapen.find("'_conv_stem.weight' has shape [32, 27], [32, 3, 3, 3] is wanted") != std::string::npos);
  const auto broken = message([&](const auto& name, Tensor& tensor, WeightFile& file) {
    std::vector<float> values(tensor.values.begin(), tensor.values.end());
    if (name == stem) values[5] = std::numeric_limits<float>::quiet_NaN();
    file.add(name, Tensor::of(tensor.shape, values));
  });
  CHECK(broken.find("'_conv_stem.weight'") != std::string::npos);
  const auto extra = message([&](const auto& name, Tensor& tensor, WeightFile& file) {
    file.add(name, tensor);
    if (name == stem) file.add("_se_reduce.weight", Tensor::of({1, 1, 1, 1}, {0}));
  });
  CHECK(extra.find("'_se_reduce.weight'") != std::string::npos);
}

TEST_CASE("ResNet-50 of both engines agrees, so that a GPU computes the same network") {
  Plan plan = find_backbone("resnet50").plans().front();
  plan.keep(std::vector<std::string>{"avgpool"});
  check_engines_agree(plan, 1);
}

TEST_CASE("the device is reported with its reason, and cuda without a GPU is the person's mistake") {
  const Backbone backbone = find_backbone("efficientnet_lite0");
  const WeightFile weights = random_weights(backbone, {""}, 1);
  const auto text = [&](Device device) {
    return Network(backbone, {""}, weights, backbone.preprocess, {.device = device}).device_text();
  };
  CHECK(text(Device::cpu).starts_with("cpu (as asked)"));
  if (find_gpus().count == 0) {
    CHECK(text(Device::automatic).starts_with("cpu ("));
    CHECK_THROWS_WITH_AS(text(Device::cuda), doctest::Contains("--device auto"), InvalidArgument);
  } else {
    CHECK(text(Device::automatic).starts_with("cuda:"));
  }
}

}  // namespace coterie
