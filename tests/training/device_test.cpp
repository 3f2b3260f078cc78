// Training on a GPU, all of it but the GPU, on simulated ones; gpu_test.cpp has the real ones.
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "coterie/training/deepcluster_network.hpp"
#include "nets/simulated_gpus.hpp"
#include "training_steps.hpp"

namespace coterie {
namespace {

using Operation = SimulatedGpus::Operation;

DeviceChoice simulated_gpu(std::function<std::string(Operation, std::int64_t, std::int64_t)> failure = {}) {
  const auto gpus = std::make_shared<SimulatedGpus>(SimulatedGpus{1, std::move(failure)});
  return choose_device(Device::cuda, 0, gpus);
}

// The network by another rank count or on another device goes on from what this one has come to.
void copy_parameters(const DeepClusterNetwork& from, DeepClusterNetwork& to) {
  const auto read = all_parameters(from), written = all_parameters(to);
  REQUIRE(read.size() == written.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    written[i]->values = read[i]->values;
    written[i]->first = read[i]->first;
  }
}

}  // namespace

TEST_CASE("a GPU's training agrees with the CPU's: losses, weights, running statistics and momenta") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(2);
  for (const std::string name : {"deepcluster_alexnet", "deepcluster_vgg16"}) {
    CAPTURE(name);
    const DeepClusterShape shape = deepcluster_shape(name, 0.05, 64);
    DeepClusterNetwork moved = new_network(shape, comm, pool);
    moved.move_to(simulated_gpu());
    REQUIRE(moved.is_on_device());
    const auto [best, worst] =
        differences(shape, simulated_gpu(), {7, 1, 8}, comm, pool,
                    [](double loss, double wanted) { CHECK(loss == doctest::Approx(wanted).epsilon(1e-5)); });
    CHECK(best.values < 1e-4);
    CHECK(best.momenta < 1e-3);
    CHECK(worst.values < 0.01);
    CHECK(worst.momenta < 0.1);
  }
}

TEST_CASE("weights that all ranks hold have the same bits on all ranks after steps on GPUs") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(1);
  DeepClusterNetwork network = new_network(deepcluster_shape("deepcluster_alexnet", 0.05, 64), comm, pool);
  network.move_to(simulated_gpu());
  for (int step = 0; step < 3; ++step) train_step(network, step, 12, comm, pool);
  for (const Parameter* each : network.parameters()) {
    if (each->shared_out) continue;
    CAPTURE(each->name);
    for (const auto* numbers : {&each->values, &each->first}) {
      const auto all = comm.gather_all(std::span<const float>(*numbers));
      for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(all[i] == (*numbers)[i % numbers->size()]);
    }
  }
}

TEST_CASE("a training goes from the CPU to a GPU and back, momenta and a new top layer with it") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(1);
  const DeepClusterShape shape = deepcluster_shape("deepcluster_alexnet", 0.05, 64);
  DeepClusterNetwork cpu = new_network(shape, comm, pool), first = new_network(shape, comm, pool),
                     second = new_network(shape, comm, pool), third = new_network(shape, comm, pool);
  for (int step = 0; step < 6; ++step) {
    if (step == 3)
      for (auto* each : {&cpu, &second}) each->make_top(5, 5, 1, comm);
    if (step == 2) {
      copy_parameters(first, second);
      second.move_to(simulated_gpu());
    }
    if (step == 4) {
      third.make_top(5, 5, 1, comm);
      copy_parameters(second, third);
    }
    train_step(cpu, step, 12, comm, pool);
    train_step(step < 2 ? first : step < 4 ? second : third, step, 12, comm, pool);
  }
  const Difference differs = difference(third, cpu, comm);
  CHECK(differs.values < 1e-3);
  CHECK(differs.momenta < 1e-3);
}

TEST_CASE("what fails on a GPU is an error of one line, with the way out where its memory is short") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(1);
  const DeepClusterShape shape = deepcluster_shape("deepcluster_alexnet", 0.05, 64);
  for (const Operation failing : {Operation::start, Operation::upload, Operation::compute, Operation::download})
    for (const char* message : {"CUDA out of memory. Tried to allocate 2.00 GiB", "CUDA error: no kernel image"}) {
      const auto train = [&, failing] {
        DeepClusterNetwork network = new_network(shape, comm, pool);
        network.move_to(simulated_gpu(
            [=](Operation operation, std::int64_t, std::int64_t) { return operation == failing ? message : ""; }));
        train_step(network, 0, 12, comm, pool);
      };
      const bool memory = std::string(message).find("memory") != std::string::npos;
      CHECK_THROWS_WITH_AS(train(), doctest::Contains(message), Error);
      for (const char* part : {"the memory of cpu is too short for", "smaller --batch, more ranks", "--device cpu"})
        if (memory) CHECK_THROWS_WITH_AS(train(), doctest::Contains(part), Error);
      if (!memory) CHECK_THROWS_WITH_AS(train(), doctest::Contains("training on cpu: "), Error);
    }
}

TEST_CASE("a loss that is not a number changes no weight on a GPU") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(1);
  const DeepClusterShape shape = deepcluster_shape("deepcluster_alexnet", 0.05, 64);
  DeepClusterNetwork network = new_network(shape, comm, pool), untouched = new_network(shape, comm, pool);
  network.move_to(simulated_gpu());
  CHECK(std::isnan(train_step(network, 0, 12, comm, pool, std::nanf(""))));
  const auto after = network.parameters(), before = untouched.parameters();
  for (std::size_t i = 0; i < after.size(); ++i)
    if (after[i]->trained) CHECK(after[i]->values == before[i]->values);
}

// Each layer's numbers are small enough, and so is the loss, but not the product of two layers' weights.
TEST_CASE("a gradient that is not finite ends the training on a GPU as on the CPU, with no weight changed") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(1);
  for (const bool moved : {false, true}) {
    DeepClusterNetwork network = new_network(deepcluster_shape("deepcluster_alexnet", 0.05, 64), comm, pool);
    for (Parameter* each : all_parameters(network)) {
      const float factor = each->name == "classifier.1.weight" ? 1e-20F : 1e22F;
      if (each->shared_out)
        for (float& value : each->values) value *= factor;
    }
    const std::vector<float> before = network.parameters().front()->values;
    if (moved) network.move_to(simulated_gpu());
    CHECK_THROWS_WITH_AS(train_step(network, 0, 12, comm, pool), "a gradient is not finite: the training has diverged",
                         Error);
    CHECK(network.parameters().front()->values == before);
  }
}

}  // namespace coterie
