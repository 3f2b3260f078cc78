// The GPU against the CPU. Without a GPU nothing is tested: it says so and ends with 77, which ctest counts as skipped.
#define DOCTEST_CONFIG_IMPLEMENT
#define AT_PER_OPERATOR_HEADERS
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#undef CHECK  // of c10's logging
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <thread>

#include "coterie/features/network.hpp"
#include "gpu_main.hpp"
#include "nets/engine.hpp"
#include "test_values.hpp"

namespace coterie {
namespace {

using Rows = std::vector<float>;

Rows forward(const Network& network, const Levels& levels, std::int64_t first, std::int64_t count) {
  Rows rows(static_cast<std::size_t>(count * network.layers().front().dimension));
  float* const outs[] = {rows.data()};
  network.forward(levels, first, count, outs);
  return rows;
}

Rows forward(const Network& network, const Levels& levels) { return forward(network, levels, 0, levels.count); }

// A network with random weights, to be made on one device after the other.
struct Case {
  Backbone backbone;
  WeightFile weights;

  explicit Case(const std::string& name) : backbone(find_backbone(name)), weights(random_weights(backbone, {""}, 5)) {}

  Network on(const NetworkOptions& options) const { return {backbone, {""}, weights, backbone.preprocess, options}; }
  Network cpu() const { return on({.device = Device::cpu}); }
  Network gpu(Precision precision, std::int64_t batch = 64, int local_rank = 0) const {
    return on({.device = Device::cuda, .precision = precision, .local_rank = local_rank, .gpu_batch = batch});
  }
};

// All of a GPU's memory but about `left` bytes, for as long as it lives.
std::vector<at::Tensor> take_memory(std::size_t left) {
  const auto options = at::TensorOptions().dtype(at::kByte).device(at::kCUDA, 0);
  std::vector<at::Tensor> taken;
  for (std::int64_t piece = std::int64_t{1} << 36; piece >= std::int64_t{1} << 26;) try {
      taken.push_back(at::empty({piece}, options));
    } catch (const c10::Error&) {
      piece /= 2;
    }
  for (std::size_t freed = 0; freed < left && !taken.empty(); taken.pop_back()) freed += taken.back().nbytes();
  return taken;
}

double images_per_second(const Network& network, const Levels& levels, int threads) {
  forward(network, levels);
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::thread> all;
  constexpr int kRounds = 4;
  for (int i = 0; i < threads; ++i)
    all.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) forward(network, levels);
    });
  for (auto& thread : all) thread.join();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return static_cast<double>(kRounds * threads * levels.count) / seconds.count();
}

}  // namespace

TEST_CASE("a GPU's features are the CPU's") {
  for (const char* name : {"resnet50", "vgg16", "densenet201", "efficientnet_lite0"}) {
    CAPTURE(name);
    const Case tested(name);
    const Levels levels = random_levels(tested.backbone.preprocess, 5);
    const Rows wanted = forward(tested.cpu(), levels);
    const double exact = relative_error(forward(tested.gpu(Precision::fp32, 2), levels), wanted);
    const double tf32 = relative_error(forward(tested.gpu(Precision::tf32, 2), levels), wanted);
    const double bf16 = cosine(forward(tested.gpu(Precision::bf16, 2), levels), wanted);
    const double fp16 = cosine(forward(tested.gpu(Precision::fp16, 2), levels), wanted);
    std::printf("%s: relative error fp32 %.1e, tf32 %.1e; cosine bf16 %.6f, fp16 %.6f\n", name, exact, tf32, bf16,
                fp16);
    CHECK(exact <= 1e-4);
    CHECK(tf32 <= 4e-3);  // an eighth of bf16's error, which is 0.4 to 1.9 % on a CPU
    CHECK(bf16 >= 0.999);
    CHECK(fp16 >= 0.999);
  }
}

TEST_CASE("preprocessing's arithmetic has the same bits on a GPU, for each order, scale and kind of level") {
  const Preprocess all[] = {lite0_preprocess(), torchvision_preprocess(), keras_preprocess(KerasMode::caffe),
                            keras_preprocess(KerasMode::tf), inception2015_preprocess()};
  for (const Preprocess& steps : all) {
    const Levels levels = random_levels(steps, 3);
    Rows wanted(static_cast<std::size_t>(levels.count * levels.image_values())), got(wanted.size());
    normalise(levels, steps, 0, levels.count, wanted.data());
    Plan identity({steps.size, steps.size, 3});
    identity.flatten(kInput);
    float* const outs[] = {got.data()};
    make_torch_engine(identity, RandomWeights(1), "cuda:0", 2)->run_levels(levels, steps, 0, levels.count, outs);
    CHECK(got == wanted);
  }
}

TEST_CASE("a row's bits on a GPU depend neither on how many came, nor on its neighbours, nor on threads or runs") {
  const Case tested("resnet50");
  const Network network = tested.gpu(Precision::fp32, 4);
  const auto dimension = network.layers().front().dimension;
  const Levels levels = random_levels(tested.backbone.preprocess, 11);
  const Rows all = forward(network, levels);
  CHECK(forward(network, levels) == all);
  for (const std::int64_t count : {1, 4, 7}) {
    const Rows fewer = forward(network, levels, 4, count);
    CHECK(std::equal(fewer.begin(), fewer.end(), all.begin() + 4 * dimension));
  }
  std::vector<Rows> together(4);
  std::vector<std::thread> threads;
  for (Rows& rows : together) threads.emplace_back([&] { rows = forward(network, levels); });
  for (auto& thread : threads) thread.join();
  for (const Rows& rows : together) CHECK(rows == all);
}

TEST_CASE("an absurd batch is cut, and halved while memory is short; the features stay") {
  const Case tested("resnet50");
  const Levels levels = random_levels(tested.backbone.preprocess, 3);
  const Rows wanted = forward(tested.cpu(), levels);
  const Network network = tested.gpu(Precision::fp32, 1'000'000);
  CHECK(relative_error(forward(network, levels), wanted) <= 1e-4);
  CHECK(network.note().starts_with("batches of "));
  {
    const auto taken = take_memory(std::size_t{3} << 30);
    CHECK(relative_error(forward(network, levels), wanted) <= 1e-4);
  }
  CHECK(network.note().ends_with("was too short for more"));
  std::printf("resnet50 with 3 GB: %s\n", network.note().c_str());
}

TEST_CASE("local ranks take the node's GPUs in turn and agree") {
  const Case tested("efficientnet_lite0");
  const Levels levels = random_levels(tested.backbone.preprocess, 3);
  const int gpus = find_gpus().count;
  const Network first = tested.gpu(Precision::automatic, 4, 0), second = tested.gpu(Precision::automatic, 4, 1);
  CHECK(first.device_text() == "cuda:0 (one of " + std::to_string(gpus) + " on this node), tf32");
  CHECK(second.device_text().starts_with("cuda:" + std::to_string(1 % gpus)));
  CHECK(relative_error(forward(second, levels), forward(first, levels)) <= 2e-3);
}

TEST_CASE("images a second, from levels to features, in batches of 64 on two threads") {
  for (const char* name : {"resnet50", "vgg16"}) {
    const Case tested(name);
    const Levels levels = random_levels(tested.backbone.preprocess, 512);
    for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::bf16}) {
      const double rate = images_per_second(tested.gpu(precision), levels, 2);
      std::printf("%s %s: %.0f images/s\n", name, std::string(precision_name(precision)).c_str(), rate);
      CHECK(rate > 0);
    }
  }
}

}  // namespace coterie

int main(int argc, char** argv) { return coterie::run_gpu_tests(argc, argv); }
