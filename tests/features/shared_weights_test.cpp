#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/features/network.hpp"
#include "nets/engine.hpp"
#include "nets/lanes.hpp"
#include "test_values.hpp"

namespace coterie {
namespace {

using Features = std::vector<float>;

Features features_of(const Engine& engine, const Plan& plan, std::int64_t count) {
  const auto pixels = noise(count * plan.extent(kInput).elements(), 9);
  Features features(static_cast<std::size_t>(count * plan.extent(plan.outputs()[0]).elements()));
  float* const outs[] = {features.data()};
  engine.run(pixels.data(), count, outs);
  return features;
}

// As many bytes as asked for, on a cache line, all set, and a line behind them that nobody may touch.
class Place {
 public:
  explicit Place(std::int64_t bytes) : size_(static_cast<std::size_t>(bytes)), floats_((bytes + kGuard) / 4) {
    std::fill_n(data(), size_ + kGuard, kUntouched);
  }
  std::span<std::byte> bytes() const { return {data(), size_}; }
  std::vector<std::byte> copy() const { return {data(), data() + size_}; }
  bool guard_is_untouched() const {
    return std::all_of(data() + size_, data() + size_ + kGuard, [](std::byte b) { return b == kUntouched; });
  }

 private:
  static constexpr std::int64_t kGuard = 64;
  static constexpr std::byte kUntouched{0x7f};
  std::byte* data() const { return reinterpret_cast<std::byte*>(floats_.data()); }
  std::size_t size_;
  AlignedFloats floats_;
};

// Both ways to convolve, few channels and outputs that fill no vector, and a product of several chunks of inputs.
Plan residual_plan() {
  Plan plan({19, 17, 3});
  const Value stem = plan.convolve(kInput, random_affine(7 * 7 * 3 * 24, 24), symmetric(7, 2, 3), Activation::relu);
  const Value inner =
      plan.convolve(stem, random_affine(3 * 3 * 24 * 24, 24), symmetric(3, 1, 1), Activation::relu, stem);
  plan.convolve(inner, random_affine(24 * 300, 300), symmetric(1, 1, 0), Activation::relu);
  return plan;
}

Plan plain_plan() {
  Plan plan({12, 12, 3});
  Value last = plan.convolve(kInput, random_affine(9 * 3 * 16, 16), symmetric(3, 1, 1), Activation::relu);
  last = plan.convolve(last, random_affine(9 * 16 * 32, 32), symmetric(3, 1, 1), Activation::relu);
  plan.convolve(last, random_affine(12 * 12 * 32 * 21, 21), symmetric(12, 1, 0), Activation::none);
  return plan;
}

void check_sharing(const Plan& plan) {
  const RandomWeights weights(5);
  const auto writer = make_cpu_engine(plan, weights), reader = make_cpu_engine(plan, weights);
  const Features before = features_of(*writer, plan, 3);
  CHECK(std::any_of(before.begin(), before.end(), [](float value) { return value != 0; }));
  const std::int64_t size = writer->packed_bytes();
  CHECK(size > 0);
  CHECK(size % 64 == 0);
  CHECK(reader->packed_bytes() == size);
  const Place place(size);
  reader->share(place.bytes(), false);
  CHECK(features_of(*reader, plan, 3) != before);  // it reads what is there, and there is nothing yet
  writer->share(place.bytes(), true);
  CHECK(features_of(*writer, plan, 3) == before);
  CHECK(features_of(*reader, plan, 3) == before);
  CHECK(place.guard_is_untouched());
  CHECK(writer->packed_bytes() == size);
}

}  // namespace

TEST_CASE("weights that lie in given memory give the same bits, to the engine that put them there and to others") {
  check_sharing(residual_plan());
  check_sharing(plain_plan());
}

TEST_CASE("shared weights may move on, as a copy of them") {
  const Plan plan = plain_plan();
  const auto engine = make_cpu_engine(plan, RandomWeights(5));
  const Features before = features_of(*engine, plan, 2);
  auto first = std::make_unique<Place>(engine->packed_bytes());
  const Place second(engine->packed_bytes());
  engine->share(first->bytes(), true);
  const auto packed = first->copy();
  engine->share(second.bytes(), true);
  first.reset();
  CHECK(second.copy() == packed);
  CHECK(features_of(*engine, plan, 2) == before);
}

TEST_CASE("a network's shared weights change no bit of its features, and too little memory is refused") {
  const Backbone backbone = find_backbone("efficientnet_lite0");
  const WeightFile weights = random_weights(backbone, {""}, 1);
  const auto make = [&] { return Network(backbone, {""}, weights, backbone.preprocess, {.device = Device::cpu}); };
  const auto pixels = noise(224 * 224 * 3, 9);
  const auto features = [&](const Network& network) {
    Features row(static_cast<std::size_t>(network.layers()[0].dimension));
    float* const outs[] = {row.data()};
    network.forward(pixels.data(), 1, outs);
    return row;
  };
  Network writer = make(), reader = make();
  const Features before = features(writer);
  const Place place(writer.packed_bytes());
  CHECK_THROWS_AS(writer.share(place.bytes().first(place.bytes().size() - 64), true), InvalidArgument);
  CHECK(features(writer) == before);
  writer.share(place.bytes(), true);
  reader.share(place.bytes(), false);
  CHECK(features(writer) == before);
  CHECK(features(reader) == before);
}

TEST_CASE("an engine of LibTorch has nothing to share, and stays as it is when it is asked to") {
  const Plan plan = plain_plan();
  const auto engine = make_torch_engine(plan, RandomWeights(5), "cpu", 1);
  const Features before = features_of(*engine, plan, 1);
  CHECK(engine->packed_bytes() == 0);
  engine->share({}, true);
  CHECK(features_of(*engine, plan, 1) == before);
}

}  // namespace coterie
