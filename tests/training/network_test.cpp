#include <doctest/doctest.h>

#include <cmath>

#include "coterie/base/random.hpp"
#include "coterie/features/network.hpp"
#include "coterie/training/deepcluster_network.hpp"

namespace coterie {
namespace {

// A narrow AlexNet after some steps on noise: all its numbers on every rank.
std::vector<float> trained(const Communicator& comm, int threads, std::vector<double>* losses = nullptr) {
  ThreadPool pool(threads);
  const DeepClusterShape shape = deepcluster_shape("deepcluster_alexnet", 0.05, 64);
  DeepClusterNetwork network(shape, comm);
  network.initialise(5, pool);
  network.make_top(3, 5, 0, comm);
  constexpr std::int64_t kImages = 10, kPixels = 64 * 64 * 2;
  const Random random(1, Purpose::test_data);
  for (std::int64_t step = 0; step < 3; ++step) {
    Batch batch = make_batch(step == 2 ? 7 : kImages, 32, comm, pool);
    batch.first = step * kImages;
    std::vector<float> input;
    for (std::int64_t i = batch.own().begin * kPixels; i < batch.own().end * kPixels; ++i)
      input.push_back(static_cast<float>(random.normal(static_cast<std::uint64_t>(i))));
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < batch.images.rows(); ++i) labels.push_back(static_cast<std::int32_t>(i % 3));
    const double loss = network.step(batch, input.data(), labels, {});
    if (losses != nullptr) losses->push_back(loss);
  }
  std::vector<float> all;
  auto parameters = network.parameters();
  for (Parameter* each : network.top_parameters()) parameters.push_back(each);
  for (const Parameter* each : parameters) {
    const auto values = gathered(*each, each->values, comm);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST_CASE("a training has the same bits on any number of ranks and threads, and its loss is finite") {
  std::vector<double> losses;
  const auto here = trained(Communicator::world(), 2, &losses);
  CHECK(here == trained(Communicator::self(), 1));
  for (const double loss : losses) CHECK((loss > 0 && loss < 5));
}

TEST_CASE("the extractor takes a narrow network's weights as it has them") {
  const Communicator& comm = Communicator::world();
  ThreadPool pool(1);
  const DeepClusterShape shape = deepcluster_shape("deepcluster_alexnet", 0.05, 64);
  DeepClusterNetwork network(shape, comm);
  network.initialise(5, pool);
  const WeightFile weights = weights_of(network.parameters(), comm);
  const Backbone backbone = deepcluster_backbone("deepcluster_alexnet", shape);
  const Network extractor(backbone, {"fc7"}, weights, backbone.preprocess, {.device = Device::cpu});
  std::vector<float> pixels(64 * 64 * 3, 0.5F), features(static_cast<std::size_t>(shape.dense));
  float* out = features.data();
  extractor.forward(pixels.data(), 1, std::span(&out, 1));
  double sum = 0;
  for (const float value : features) sum += std::fabs(static_cast<double>(value));
  CHECK(sum > 0);
  const auto found = shape_of_checkpoint("deepcluster_alexnet", weights);
  REQUIRE(found);
  CHECK(found->dense == shape.dense);
  CHECK(found->convolutions[1].channels == shape.convolutions[1].channels);
}

TEST_CASE("weights of another network are refused by the name of the tensor") {
  const Communicator& comm = Communicator::self();
  DeepClusterNetwork narrow(deepcluster_shape("deepcluster_alexnet", 0.05, 64), comm);
  DeepClusterNetwork wide(deepcluster_shape("deepcluster_alexnet", 0.1, 64), comm);
  CHECK_THROWS_WITH_AS(wide.load(weights_of(narrow.parameters(), comm)),
                       doctest::Contains("checkpoint of another network: 'features"), FileError);
}

}  // namespace
}  // namespace coterie
