// What of the networks on LibTorch can be seen without a GPU: gpu_test.cpp does the rest.
#define AT_PER_OPERATOR_HEADERS
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>
#undef CHECK  // of c10's logging
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "coterie/base/errors.hpp"
#include "nets/engine.hpp"
#include "nets/simulated_gpus.hpp"
#include "temporary_folder.hpp"
#include "test_values.hpp"

namespace coterie {
namespace {

using Rows = std::vector<float>;

Rows run(const Engine& engine, const Rows& pixels, std::int64_t count, std::int64_t dimension) {
  Rows rows(static_cast<std::size_t>(count * dimension));
  float* const outs[] = {rows.data()};
  engine.run(pixels.data(), count, outs);
  return rows;
}

Rows forward(const Network& network, const Rows& pixels, std::int64_t count) {
  Rows rows(static_cast<std::size_t>(count * network.layers().front().dimension));
  float* const outs[] = {rows.data()};
  network.forward(pixels.data(), count, outs);
  return rows;
}

// Three convolutions, a residual sum and two layers to take features at.
Plan small_network() {
  Plan plan({16, 16, 3});
  const Value a = plan.convolve(kInput, conv("a"), 24, symmetric(3, 1, 1), Activation::relu);
  const Value b = plan.convolve(a, conv("b"), 24, symmetric(3, 1, 1), Activation::relu, a);
  const Value c = plan.convolve(b, conv("c"), 40, tf_same(3, 2, 16), Activation::none);
  plan.name_layer("middle", plan.average(b));
  plan.name_layer("end", plan.flatten(c));
  return plan;
}

Plan small_network(const std::vector<std::string>& layers) {
  Plan plan = small_network();
  plan.keep(layers);
  return plan;
}

// A module file that `code` defines, with a 4 × 3 × 5 × 5 convolution kernel `w`.
std::string write_module(const TemporaryFolder& folder, const std::string& code) {
  torch::jit::Module module("Tested");
  const Rows kernel = noise(4 * 3 * 5 * 5, 1);
  module.register_parameter("w", at::empty({4, 3, 5, 5}, at::kFloat), false);
  std::copy(kernel.begin(), kernel.end(), module.attr("w").toTensor().data_ptr<float>());
  module.define(code);
  std::string path = folder / "module.pt";
  module.save(path);
  return path;
}

constexpr const char* kGoodModule = R"(
def forward(self, x):
    return torch.flatten(torch.relu(torch.conv2d(x, self.w)), 1)
)";

Network script_network(const std::string& path, int size, const NetworkOptions& options = {.device = Device::cpu},
                       const std::vector<std::string>& layers = {""}) {
  const Backbone backbone = find_backbone("torchscript:" + path);
  Preprocess steps = backbone.preprocess;
  steps.size = size;
  return {backbone, layers, WeightFile(path, "TorchScript"), steps, options};
}

}  // namespace

TEST_CASE("the device's arithmetic has the bits of normalise, for each order, scale and kind of level") {
  const Preprocess all[] = {lite0_preprocess(), torchvision_preprocess(), keras_preprocess(KerasMode::caffe),
                            keras_preprocess(KerasMode::tf), inception2015_preprocess()};
  for (Preprocess steps : all) {
    steps.size = 20;
    const Levels levels = random_levels(steps, 6);
    Rows wanted(static_cast<std::size_t>(5 * levels.image_values())), got(wanted.size());
    normalise(levels, steps, 1, 5, wanted.data());
    Plan identity({20, 20, 3});
    identity.flatten(kInput);
    float* const outs[] = {got.data()};
    make_torch_engine(identity, RandomWeights(1), "cpu", 2)->run_levels(levels, steps, 1, 5, outs);
    CHECK(got == wanted);
  }
}

TEST_CASE("batches are of one size: a row's bits depend neither on how many came nor on its neighbours") {
  const Plan plan = small_network({"end"});
  const std::int64_t elements = plan.extent(kInput).elements(), dimension = plan.extent(plan.outputs()[0]).elements();
  const auto engine = make_torch_engine(plan, RandomWeights(1), "cpu", 4);
  Rows pixels = noise(7 * elements, 2);
  const Rows seven = run(*engine, pixels, 7, dimension);
  for (const std::int64_t count : {1, 2, 5, 6}) {
    const Rows fewer = run(*engine, pixels, count, dimension);
    CHECK(std::equal(fewer.begin(), fewer.end(), seven.begin()));
  }
  for (std::int64_t i = elements; i < 7 * elements; ++i) pixels[static_cast<std::size_t>(i)] *= -100;
  const Rows others = run(*engine, pixels, 7, dimension);
  CHECK(std::equal(others.begin(), others.begin() + dimension, seven.begin()));
  CHECK(others != seven);
}

TEST_CASE("several layers come from one pass, each to its place, and from several threads at once") {
  const Plan plan = small_network({"end", "middle"});
  const RandomWeights weights(1);
  const auto cpu = make_cpu_engine(plan, weights), torch = make_torch_engine(plan, weights, "cpu", 2);
  const Rows pixels = noise(5 * plan.extent(kInput).elements(), 2);
  const auto both = [&](const Engine& engine) {
    std::vector<Rows> rows = {Rows(5 * 8 * 8 * 40), Rows(5 * 24)};
    float* const outs[] = {rows[0].data(), rows[1].data()};
    engine.run(pixels.data(), 5, outs);
    return rows;
  };
  const auto wanted = both(*cpu), alone = both(*torch);
  CHECK(relative_error(alone[0], wanted[0]) < 1e-6);
  CHECK(relative_error(alone[1], wanted[1]) < 1e-6);
  std::vector<std::vector<Rows>> together(4);
  std::vector<std::thread> threads;
  for (auto& rows : together) threads.emplace_back([&] { rows = both(*torch); });
  for (auto& thread : threads) thread.join();
  for (const auto& rows : together) CHECK(rows == alone);
}

TEST_CASE("bf16 stays close to fp32, and is not fp32") {
  const Plan plan = small_network({"end"});
  const std::int64_t dimension = plan.extent(plan.outputs()[0]).elements();
  const Rows pixels = noise(3 * plan.extent(kInput).elements(), 2);
  const Rows wanted = run(*make_torch_engine(plan, RandomWeights(1), "cpu", 1), pixels, 3, dimension);
  const Rows got = run(*make_torch_engine(plan, RandomWeights(1), "cpu", 1, Precision::bf16), pixels, 3, dimension);
  CHECK(cosine(got, wanted) > 0.9999);
  CHECK(relative_error(got, wanted) > 1e-4);
}

TEST_CASE("EfficientNet-Lite0 with its real weights keeps its features in bf16") {
  const char *given = std::getenv("COTERIE_WEIGHTS"), *home = std::getenv("HOME");
  const std::string folder = given ? given : std::string(home ? home : "") + "/.cache/coterie/weights";
  const Backbone backbone = find_backbone("efficientnet_lite0");
  const std::string path = folder + "/" + backbone.weight_files.front();
  if (!std::filesystem::exists(path)) {
    MESSAGE("SKIPPED: no weights. Run tools/fetch_weights efficientnet_lite0, or set COTERIE_WEIGHTS to their folder");
    return;
  }
  const WeightFile weights = read_weights(path);
  const Rows pixels = noise(224 * 224 * 3, 2);
  const auto features = [&](Precision precision) {
    const NetworkOptions options{.device = Device::cpu, .precision = precision};
    return forward(Network(backbone, {""}, weights, backbone.preprocess, options), pixels, 1);
  };
  // Seen: 0.9957 on this noise, 0.9987 to 0.9997 on pictures.
  CHECK(cosine(features(Precision::bf16), features(Precision::fp32)) >= 0.99);
}

TEST_CASE("what a CPU cannot compute in is refused with the way out, and what it computes in is reported") {
  const Backbone backbone = find_backbone("efficientnet_lite0");
  const WeightFile weights = random_weights(backbone, {""}, 1);
  const auto network = [&](Precision precision) {
    return Network(backbone, {""}, weights, backbone.preprocess, {.device = Device::cpu, .precision = precision});
  };
  for (const Precision precision : {Precision::tf32, Precision::fp16})
    CHECK_THROWS_WITH_AS(network(precision), doctest::Contains("--precision auto, fp32 or bf16"), InvalidArgument);
  CHECK(network(Precision::fp32).device_text() == "cpu (as asked), fp32");
  const bool fast = network(Precision::automatic).precision() == Precision::bf16;
  const std::string text = network(Precision::bf16).device_text();
  CHECK(text ==
        (fast ? "cpu (as asked), bf16" : "cpu (as asked), bf16: slow here, this CPU has no instructions for it"));
  CHECK(network(Precision::fp32).note().empty());
}

TEST_CASE("a TorchScript module computes what coterie's own layer does, at any size, again and again") {
  const TemporaryFolder folder;
  const Network network = script_network(write_module(folder, kGoodModule), 12);
  CHECK(network.layers().front().name == "output");
  CHECK(network.layers().front().dimension == 4 * 8 * 8);
  const Rows pixels = noise(3 * 12 * 12 * 3, 2), kernel = noise(4 * 3 * 5 * 5, 1);
  Affine affine{Rows(kernel.size()), Rows(4)};
  for (std::size_t o = 0; o < 4; ++o)
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t tap = 0; tap < 25; ++tap) affine.kernel[(tap * 3 + i) * 4 + o] = kernel[(o * 3 + i) * 25 + tap];
  Plan plan({12, 12, 3});
  plan.flatten_channels_first(plan.convolve(kInput, affine, symmetric(5, 1, 0), Activation::relu));
  const Rows wanted = run(*make_cpu_engine(plan, RandomWeights(1)), pixels, 3, 4 * 8 * 8);
  const Rows first = forward(network, pixels, 3);
  CHECK(relative_error(first, wanted) < 1e-6);
  for (int again = 0; again < 4; ++again) CHECK(forward(network, pixels, 3) == first);
  const Rows last(pixels.end() - 12 * 12 * 3, pixels.end());
  const Rows alone = forward(network, last, 1);
  CHECK(std::equal(alone.begin(), alone.end(), first.end() - 4 * 8 * 8));
  const Network half = script_network(folder / "module.pt", 12, {.device = Device::cpu, .precision = Precision::bf16});
  CHECK(cosine(forward(half, pixels, 3), wanted) > 0.9999);
}

TEST_CASE("a module for whose batch the GPU's memory is short gets a smaller one; other failures of it stay its own") {
  const TemporaryFolder folder;
  const auto two_at_most = [&](const std::string& message) {
    const std::string path = write_module(folder, R"(
def forward(self, x):
    assert x.size(0) <= 2, ")" + message + R"("
    return torch.flatten(torch.relu(torch.conv2d(x, self.w)), 1)
)");
    return script_network(
        path, 12, {.device = Device::cuda, .gpu_batch = 8, .simulated_gpus = std::make_shared<SimulatedGpus>()});
  };
  const Rows pixels = noise(5 * 12 * 12 * 3, 2);
  const Rows wanted = forward(script_network(write_module(folder, kGoodModule), 12), pixels, 5);
  const Network short_of_memory = two_at_most("CUDA out of memory. Tried to allocate 2.00 GiB");
  CHECK(forward(short_of_memory, pixels, 5) == wanted);
  CHECK(short_of_memory.note().starts_with("batches of 2 images"));
  CHECK_THROWS_WITH_AS(forward(two_at_most("no such device"), pixels, 5), doctest::Contains("no such device"),
                       FileError);
}

TEST_CASE("a module that would read or write files is refused before any of it runs") {
  const TemporaryFolder folder;
  const std::string owned = folder / "owned";
  const auto refuses = [&](const std::string& code) {
    const std::string path = write_module(folder, code);
    CHECK_THROWS_WITH_AS(script_network(path, 8), doctest::Contains("reaches beyond the numbers it is given"),
                         FileError);
    CHECK_FALSE(std::filesystem::exists(owned));
  };
  refuses("def forward(self, x):\n    torch.save(x, '" + owned + "')\n    return torch.flatten(x, 1)\n");
  refuses("def forward(self, x):\n    y = torch.from_file('" + owned +
          "', True, 8)\n    return torch.flatten(x, 1) + y[0]\n");
  refuses("def helper(self, x):\n    torch.save(x, '" + owned +
          "')\n    return x\ndef forward(self, x):\n    return torch.flatten(self.helper(x), 1)\n");
  // That these modules do write when LibTorch alone runs them.
  const std::string path = write_module(
      folder, "def forward(self, x):\n    torch.save(x, '" + owned + "')\n    return torch.flatten(x, 1)\n");
  torch::jit::load(path).forward({at::zeros({1, 3, 8, 8})});
  CHECK(std::filesystem::exists(owned));
}

TEST_CASE("a module that is none, or gives no row for each image, is refused with its name and the remedy") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& code, const char* remedy) {
    const std::string path = write_module(folder, "\ndef forward(self, x):\n    " + code + "\n");
    CHECK_THROWS_WITH_AS(script_network(path, 12), doctest::Contains(path.c_str()), FileError);
    CHECK_THROWS_WITH_AS(script_network(path, 12), doctest::Contains(remedy), FileError);
  };
  refused("return (x, x)", "returns the features alone");
  refused("return torch.flatten(x, 0)", "not a row for each");
  refused("return torch.sum(x)", "not a row for each");
  refused("return torch.matmul(torch.flatten(x, 1), torch.flatten(self.w, 1))", "--preprocess size=SIZE");
  const std::string text = folder / "text.pt";
  std::ofstream(text) << "no module";
  CHECK_THROWS_WITH_AS(script_network(text, 12), doctest::Contains("is not a TorchScript module"), FileError);
  CHECK_THROWS_WITH_AS(script_network(folder / "absent.pt", 12), doctest::Contains("there is no such file"), FileError);
  const std::string good = write_module(folder, kGoodModule);
  CHECK_THROWS_WITH_AS(script_network(good, 12, {.device = Device::cpu}, {"fc1"}),
                       doctest::Contains("has no layer 'fc1'"), InvalidArgument);
  CHECK_THROWS_WITH_AS(script_network(good, 12, {.device = Device::cpu}, {"", ""}), doctest::Contains("has one layer"),
                       InvalidArgument);
}

}  // namespace coterie
