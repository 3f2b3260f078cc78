// Training on the GPU against the CPU's. Without a GPU nothing is tested: it says so and ends with 77, which ctest
// counts as skipped.
#define DOCTEST_CONFIG_IMPLEMENT
#define AT_PER_OPERATOR_HEADERS
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#undef CHECK  // of c10's logging
#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "coterie/base/errors.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "gpu_main.hpp"
#include "training_steps.hpp"

namespace coterie {
namespace {

DeviceChoice gpu() { return choose_device(Device::cuda, 0); }

double seconds_of(const std::function<void()>& work) {
  const double start = wall_seconds();
  work();
  return wall_seconds() - start;
}

}  // namespace

TEST_CASE("a GPU's training agrees with the CPU's") {
  const Communicator& comm = Communicator::self();
  ThreadPool pool(4);
  for (const std::string name : {"deepcluster_alexnet", "deepcluster_vgg16"}) {
    CAPTURE(name);
    const auto [best, worst] =
        differences(deepcluster_shape(name, 0.125, 64), gpu(), {16, 1, 15}, comm, pool,
                    [](double loss, double wanted) { CHECK(loss == doctest::Approx(wanted).epsilon(1e-3)); });
    std::printf("%s: weights differ by %.1e to %.1e, momenta by %.1e to %.1e\n", name.c_str(), best.values,
                worst.values, best.momenta, worst.momenta);
    CHECK(best.values < 1e-3);
    CHECK(best.momenta < 1e-3);
    CHECK(worst.values < 0.01);
    CHECK(worst.momenta < 0.1);
  }
}

TEST_CASE("a step that a GPU has no memory for says so with the way out") {
  const Communicator& comm = Communicator::self();
  ThreadPool pool(4);
  DeepClusterNetwork network = new_network(deepcluster_shape("deepcluster_vgg16", 0.25), comm, pool);
  network.move_to(gpu());
  std::vector<at::Tensor> taken;
  const auto options = at::TensorOptions().dtype(at::kByte).device(at::kCUDA, 0);
  for (std::int64_t piece = std::int64_t{1} << 36; piece >= std::int64_t{1} << 20;) try {
      taken.push_back(at::empty({piece}, options));
    } catch (const c10::Error&) {
      piece /= 2;
    }
  CHECK_THROWS_WITH_AS(train_step(network, 0, 32, comm, pool), doctest::Contains("smaller --batch"), Error);
  taken.clear();
  CHECK(train_step(network, 0, 32, comm, pool) > 0);
}

TEST_CASE("images a second of the published networks in float32, without decoding") {
  const Communicator& comm = Communicator::self();
  ThreadPool pool(4);
  for (const auto& [name, images] : {std::pair{"deepcluster_alexnet", 256}, {"deepcluster_vgg16", 64}}) {
    DeepClusterNetwork network = new_network(deepcluster_shape(name), comm, pool);
    network.move_to(gpu());
    const std::vector<std::int32_t> labels(static_cast<std::size_t>(images), 1);
    const std::int64_t numbers = images * 224 * 224 * 2;
    float* input = network.input_memory(0, numbers);
    for (std::int64_t i = 0; i < numbers; ++i) input[i] = static_cast<float>(i % 251) / 251 - 0.5F;
    const Batch batch = make_batch(images, images, comm, pool);
    const auto step = [&] { network.step(batch, input, labels, {}); };
    for (int i = 0; i < 3; ++i) step();
    constexpr int kSteps = 10;
    const double seconds = seconds_of([&] {
      for (int i = 0; i < kSteps; ++i) step();
    });
    std::printf("%s, batches of %d: %.0f images/s\n", name, images, kSteps * images / seconds);
    CHECK(seconds > 0);
  }
}

}  // namespace coterie

int main(int argc, char** argv) {
  const int result = coterie::run_gpu_tests(argc, argv);
  coterie::Communicator::finalize();
  return result;
}
