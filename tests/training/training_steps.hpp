#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "coterie/base/random.hpp"
#include "coterie/training/deepcluster_network.hpp"

// Steps of DeepCluster's networks on noise, for tests that compare devices.
namespace coterie {

inline std::vector<Parameter*> all_parameters(const DeepClusterNetwork& network) {
  auto all = network.parameters();
  for (Parameter* each : network.top_parameters()) all.push_back(each);
  return all;
}

inline DeepClusterNetwork new_network(const DeepClusterShape& shape, const Communicator& comm, ThreadPool& pool,
                                      std::uint64_t seed = 5) {
  DeepClusterNetwork network(shape, comm);
  network.initialise(seed, pool);
  network.make_top(3, seed, 0, comm);
  return network;
}

/// A step on images that are functions of its number; with `factor` all their values are multiplied. The loss.
inline double train_step(DeepClusterNetwork& network, std::int64_t number, std::int64_t images,
                         const Communicator& comm, ThreadPool& pool, float factor = 1) {
  const std::int64_t side = network.shape().image_size, numbers = side * side * 2;
  Batch batch = make_batch(images, 32, comm, pool);
  batch.seed = 9;
  batch.epoch = 1;
  batch.first = number * 100;
  const Random random(static_cast<std::uint64_t>(number), Purpose::test_data);
  float* input = network.input_memory(static_cast<int>(number % 2), batch.own_images() * numbers);
  pool.for_each(batch.own_images(), [&](std::int64_t image, int) {
    for (std::int64_t i = 0; i < numbers; ++i)
      input[image * numbers + i] =
          factor *
          static_cast<float>(random.normal(static_cast<std::uint64_t>((batch.own().begin + image) * numbers + i)));
  });
  std::vector<std::int32_t> labels;
  for (std::int64_t i = 0; i < images; ++i) labels.push_back(static_cast<std::int32_t>((i + number) % 3));
  return network.step(batch, input, labels, {.learning_rate = 0.02});
}

/// Relative to the size of each parameter, as vectors, the largest; biases before a normalisation have no gradient but
/// roundings and stay about zero, so of sizes below 1e-3 beside that.
struct Difference {
  double values = 0, momenta = 0;
};

inline double relative_difference(const std::vector<float>& tested, const std::vector<float>& wanted) {
  if (tested.size() != wanted.size()) return HUGE_VAL;
  double apart = 0, size = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto right = static_cast<double>(wanted[i]), wrong = static_cast<double>(tested[i]) - right;
    apart += wrong * wrong;
    size += right * right;
  }
  return std::sqrt(apart) / std::max(std::sqrt(size), 1e-3);
}

inline Difference difference(const DeepClusterNetwork& tested, const DeepClusterNetwork& wanted,
                             const Communicator& comm) {
  const auto left = all_parameters(tested), right = all_parameters(wanted);
  Difference found;
  for (std::size_t i = 0; i < right.size(); ++i) {
    found.values = std::max(found.values, relative_difference(left[i]->values, right[i]->values));
    found.momenta = std::max(found.momenta, relative_difference(left[i]->first, right[i]->first));
  }
  return {comm.max(found.values), comm.max(found.momenta)};
}

/// Of trainings from four seeds on a device beside the CPU, the least and the most that they differ by. Where a number
/// lies so close to 0 that another rounding takes it to the other side of a ReLU, all gradients before it jump: by some
/// 2 % in networks as small as these, in one VGG-16 of five. So the best of several trainings says whether the
/// computation is the same, and the worst that it is no more than such a jump. visit(loss there, loss here) at each
/// step.
struct Differences {
  Difference best{1, 1}, worst;
};

template <typename Visit>
Differences differences(const DeepClusterShape& shape, const DeviceChoice& device, const std::vector<int>& batches,
                        const Communicator& comm, ThreadPool& pool, const Visit& visit) {
  Differences found;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    DeepClusterNetwork here = new_network(shape, comm, pool, seed), there = new_network(shape, comm, pool, seed);
    there.move_to(device);
    for (const int images : batches) {
      const double wanted = train_step(here, images, images, comm, pool);
      visit(train_step(there, images, images, comm, pool), wanted);
    }
    const Difference differs = difference(there, here, comm);
    found.best = {std::min(found.best.values, differs.values), std::min(found.best.momenta, differs.momenta)};
    found.worst = {std::max(found.worst.values, differs.values), std::max(found.worst.momenta, differs.momenta)};
  }
  return found;
}

}  // namespace coterie
