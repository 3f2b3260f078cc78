// All that an engine on LibTorch does on a GPU (staging, two streams, smaller batches, precisions), on simulated GPUs
// that fail on demand. gpu_test.cpp has the real ones.
#define AT_PER_OPERATOR_HEADERS
#include <ATen/Context.h>
#undef CHECK  // of c10's logging
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>

#include "coterie/base/errors.hpp"
#include "nets/engine.hpp"
#include "nets/simulated_gpus.hpp"
#include "test_values.hpp"

namespace coterie {
namespace {

using Rows = std::vector<float>;
using Operation = SimulatedGpus::Operation;
using Failure = std::function<std::string(Operation, std::int64_t batch, std::int64_t stream)>;

constexpr const char* kNoMemory = "CUDA out of memory. Tried to allocate 2.00 GiB";
constexpr std::int64_t kImages = 21;

// Two convolutions and two outputs: the last, of 8 × 8 × 40, and the average of the first, of 24.
Plan small_network() {
  Plan plan({16, 16, 3});
  const Value a = plan.convolve(kInput, conv("a"), 24, symmetric(3, 1, 1), Activation::relu);
  plan.name_layer("end", plan.flatten(plan.convolve(a, conv("b"), 40, tf_same(3, 2, 16), Activation::none)));
  plan.name_layer("middle", plan.average(a));
  plan.keep(std::vector<std::string>{"end", "middle"});
  return plan;
}

std::unique_ptr<Engine> engine(std::int64_t batch, Precision precision, const EngineDevice& device) {
  return make_torch_engine(small_network(), RandomWeights(1), device, batch, precision);
}

EngineDevice gpu(Failure failure) {
  return {"cpu", std::make_shared<SimulatedGpus>(SimulatedGpus{1, std::move(failure)})};
}

// One engine, always the same images.
std::vector<Rows> run(const Engine& engine) {
  Preprocess steps = torchvision_preprocess();
  steps.size = 16;
  const Levels levels = random_levels(steps, kImages);
  std::vector<Rows> rows = {Rows(kImages * 8 * 8 * 40), Rows(kImages * 24)};
  float* const outs[] = {rows[0].data(), rows[1].data()};
  engine.run_levels(levels, steps, 0, kImages, outs);
  return rows;
}

// Memory that is too short for more images than these.
Failure memory_for(std::int64_t images) {
  return [=](Operation operation, std::int64_t batch, std::int64_t) {
    return operation == Operation::compute && batch > images ? kNoMemory : "";
  };
}

// The n-th of these operations on that stream fails once.
Failure once(Operation failing, std::int64_t stream, int n, std::string message) {
  return [=, seen = 0](Operation operation, std::int64_t, std::int64_t on) mutable {
    return operation == failing && on == stream && ++seen == n ? message : "";
  };
}

}  // namespace

TEST_CASE("a GPU's way gives the CPU's bits in each precision, and sets the GPU's libraries up for it") {
  for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::bf16}) {
    CAPTURE(precision_name(precision));
    const auto wanted = run(*engine(4, precision == Precision::tf32 ? Precision::fp32 : precision, "cpu"));
    const auto tested = engine(4, precision, gpu({}));
    CHECK(run(*tested) == wanted);
    CHECK(tested->note().empty());
    CHECK(at::globalContext().allowTF32CuDNN() == (precision == Precision::tf32));
    CHECK(at::globalContext().allowTF32CuBLAS() == (precision == Precision::tf32));
    CHECK(at::globalContext().deterministicCuDNN());
    CHECK_FALSE(at::globalContext().benchmarkCuDNN());
  }
}

TEST_CASE("two batches are in flight, on two streams, and each is waited for before its stream takes another") {
  std::vector<std::pair<Operation, std::int64_t>> seen;
  const auto tested = engine(4, Precision::fp32, gpu([&](Operation operation, std::int64_t, std::int64_t stream) {
                               seen.emplace_back(operation, stream);
                               return "";
                             }));
  REQUIRE(seen.size() == 1);
  CHECK(seen.front().first == Operation::start);
  seen.clear();
  run(*tested);
  std::map<std::int64_t, Operation> last;  // of each stream
  std::size_t most = 0, waits = 0;
  for (const auto& [operation, stream] : seen) {
    if (operation == Operation::upload) {
      CHECK(last.count(stream) == 0);
      last[stream] = operation;
    }
    REQUIRE(last.count(stream) == 1);
    CHECK(last[stream] <= operation);
    last[stream] = operation;
    most = std::max(most, last.size());
    if (operation != Operation::wait) continue;
    ++waits;
    last.erase(stream);
  }
  CHECK(most == 2);
  CHECK(last.empty());
  CHECK(waits == (kImages + 3) / 4);
}

TEST_CASE("short memory halves the batch as often as it takes, from several threads too, and no bit changes") {
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    const auto wanted = run(*engine(8, precision, gpu({})));
    for (const std::int64_t fits : {4, 2, 1}) {
      CAPTURE(fits);
      const auto tested = engine(8, precision, gpu(memory_for(fits)));
      std::vector<std::vector<Rows>> together(3);
      std::vector<std::thread> threads;
      for (auto& rows : together) threads.emplace_back([&] { rows = run(*tested); });
      for (auto& thread : threads) thread.join();
      for (const auto& rows : together) CHECK(rows == wanted);
      CHECK(tested->note() ==
            "batches of " + std::to_string(fits) + " images: the memory of cpu was too short for more");
    }
  }
}

TEST_CASE("memory that is short on the way, at any operation of either stream, leaves what was computed as it was") {
  const auto wanted = run(*engine(4, Precision::fp32, gpu({})));
  const char* messages[] = {kNoMemory, "CUDNN_STATUS_ALLOC_FAILED", "cuBLAS: CUBLAS_STATUS_ALLOC_FAILED",
                            "GET was unable to find an engine to execute this computation"};
  for (const Operation operation : {Operation::upload, Operation::compute, Operation::download})
    for (const std::int64_t stream : {1, 2})
      for (const char* message : messages) {
        const auto tested = engine(4, Precision::fp32, gpu(once(operation, stream, 2, message)));
        CHECK(run(*tested) == wanted);
        CHECK(tested->note().starts_with("batches of 2 images"));
        CHECK(run(*tested) == wanted);
      }
}

TEST_CASE("a network too large for one image says so with the way out") {
  const auto tested = engine(4, Precision::fp32, gpu(memory_for(0)));
  for (const char* part : {"the memory of cpu is too short for the network, even with one image at a time", kNoMemory,
                           "fewer ranks on each GPU, or --device cpu"})
    CHECK_THROWS_WITH_AS(run(*tested), doctest::Contains(part), Error);
}

TEST_CASE("a failure that is not of memory is reported with its device and message, and the next run works") {
  const auto wanted = run(*engine(4, Precision::fp32, gpu({})));
  constexpr const char* kBroken = "CUDA error: an illegal memory access was encountered";
  for (const Operation operation : {Operation::upload, Operation::compute, Operation::download, Operation::wait})
    for (const std::int64_t stream : {1, 2}) {
      const auto tested = engine(4, Precision::fp32, gpu(once(operation, stream, 2, kBroken)));
      CHECK_THROWS_WITH_AS(run(*tested), (std::string("the network on cpu: ") + kBroken).c_str(), Error);
      CHECK(run(*tested) == wanted);
      CHECK(tested->note().empty());
    }
}

TEST_CASE("a GPU that cannot be used at all is an error of one line") {
  const auto refuse = [](const char* message) {
    engine(4, Precision::fp32, gpu(once(Operation::start, 0, 1, message)));
  };
  constexpr const char* kBusy = "CUDA error: all CUDA-capable devices are busy or unavailable";
  CHECK_THROWS_WITH_AS(refuse(kBusy), (std::string("the network on cpu: ") + kBusy).c_str(), Error);
  CHECK_THROWS_WITH_AS(refuse(kNoMemory), doctest::Contains("is too short for the network"), Error);
}

TEST_CASE("local ranks take a node's GPUs in turn, in tf32 by default") {
  const Backbone backbone = find_backbone("efficientnet_lite0");
  const WeightFile weights = random_weights(backbone, {""}, 1);
  const auto on = [&](int local_rank, Device device) {
    const NetworkOptions options{.device = device,
                                 .precision = Precision::automatic,
                                 .local_rank = local_rank,
                                 .simulated_gpus = std::make_shared<SimulatedGpus>(SimulatedGpus{3, {}})};
    const Network network(backbone, {""}, weights, backbone.preprocess, options);
    CHECK(network.on_gpu() == (device != Device::cpu));
    return network.device_text();
  };
  CHECK(on(0, Device::cuda) == "cuda:0 (one of 3 on this node), tf32");
  CHECK(on(2, Device::cuda) == "cuda:2 (one of 3 on this node), tf32");
  CHECK(on(4, Device::automatic) == "cuda:1 (one of 3 on this node), tf32");
  CHECK(on(1, Device::cpu).starts_with("cpu (as asked)"));
}

}  // namespace coterie
