#include "nets/families.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "coterie/base/errors.hpp"
#include "coterie/features/network.hpp"
#include "nets/affine.hpp"

namespace coterie {
namespace {

std::vector<TensorNeed> all_tensors(const Plan& plan) {
  std::vector<TensorNeed> all;
  for (std::size_t i = 0; i < plan.steps().size(); ++i)
    for (const auto& need : tensors_of(plan, i)) all.push_back(need);
  return all;
}

std::int64_t elements(const TensorNeed& need) {
  std::int64_t product = 1;
  for (const std::int64_t length : need.shape) product *= length;
  return product;
}

// PyTorch counts what is trained, Keras the running statistics too.
std::int64_t count_parameters(const Plan& plan, bool statistics) {
  std::int64_t sum = 0;
  for (const auto& need : all_tensors(plan)) {
    const bool statistic =
        need.name.find("_mean") != std::string::npos || need.name.ends_with("_var") || need.name.ends_with("_variance");
    if (statistics || !statistic) sum += elements(need);
  }
  return sum;
}

Extent extent_of(const std::string& backbone, const std::string& layer) {
  const Plan plan = find_backbone(backbone).plans().front();
  for (const auto& [name, value] : plan.layers())
    if (name == layer) return plan.extent(value);
  return {};
}

std::vector<Window> windows_of(const std::string& backbone, Step::Kind kind) {
  std::vector<Window> windows;
  const Plan plan = find_backbone(backbone).plans().front();
  for (const Step& step : plan.steps())
    if (step.kind == kind) windows.push_back(step.window);
  return windows;
}

// A file with this plan's tensors, whose values nobody reads: all are one stretch of memory that is never touched.
WeightFile empty_file(const Plan& plan) {
  WeightFile file("some.h5", "test");
  std::int64_t longest = 0;
  for (const auto& need : all_tensors(plan)) longest = std::max(longest, elements(need));
  const std::shared_ptr<void> zeros(std::calloc(static_cast<std::size_t>(longest), sizeof(float)), std::free);
  for (const auto& need : all_tensors(plan)) {
    const std::span<const float> values(static_cast<const float*>(zeros.get()),
                                        static_cast<std::size_t>(elements(need)));
    file.add(need.name, {need.shape, values, zeros});
  }
  return file;
}

}  // namespace

TEST_CASE("every network has as many parameters as its origin, under every naming") {
  struct Count {
    const char* backbone;
    std::int64_t parameters;
    bool statistics;  // of the normalisation are counted
  };
  constexpr Count kCounts[] = {{"vgg16", 138'357'544, true},
                               {"vgg16_places365", 135'755'949, true},
                               {"vgg16_hybrid1365", 139'852'949, true},
                               {"vgg16_vggface", 145'002'878, true},
                               {"vgg16_torchvision", 138'357'544, true},
                               {"resnet50", 25'557'032, false},
                               {"resnet50_v2", 25'557'032, false},
                               {"resnet50_keras", 25'636'712, true},
                               {"resnet50_keras_2.2.0", 25'636'712, true},
                               {"resnet50_keras_2.0.7", 25'636'712, true},
                               {"xception", 22'910'480, true},
                               {"inception_v3", 23'851'784, true},
                               {"inception_2015", 23'850'960, false},
                               {"densenet201", 20'013'928, false},
                               {"densenet201_keras", 20'242'984, true},
                               {"alexnet", 61'100'840, true},
                               {"deepcluster_alexnet", 58'272'480, false},
                               {"deepcluster_vgg16", 134'268'416, false},
                               {"efficientnet_lite0", 4'652'008, false},
                               {"efficientnet_lite1", 5'416'680, false},
                               {"efficientnet_lite2", 6'092'072, false},
                               {"efficientnet_lite3", 8'197'096, false},
                               {"efficientnet_lite4", 13'006'568, false}};
  for (const Count& count : kCounts)
    for (const Plan& plan : find_backbone(count.backbone).plans()) {
      CAPTURE(count.backbone);
      CHECK(count_parameters(plan, count.statistics) == count.parameters);
    }
  CHECK(std::size(kCounts) == backbones().size());
}

TEST_CASE("layers have the extents of their origin") {
  struct Expected {
    const char *backbone, *layer;
    Extent extent;
  };
  const Expected expected[] = {{"vgg16", "block1_conv2", {224, 224, 64}},
                               {"vgg16", "block5_pool", {7, 7, 512}},
                               {"vgg16", "flatten", {1, 1, 25088}},
                               {"vgg16_places365", "predictions", {1, 1, 365}},
                               {"vgg16_vggface", "fc8/softmax", {1, 1, 2622}},
                               {"vgg16_torchvision", "features.30", {7, 7, 512}},
                               {"resnet50", "layer1", {56, 56, 256}},
                               {"resnet50", "avgpool", {1, 1, 2048}},
                               {"resnet50_keras", "pool1_pool", {56, 56, 64}},
                               {"resnet50_keras", "conv2_block3_out", {56, 56, 256}},
                               {"resnet50_keras_2.2.0", "conv1_relu", {112, 112, 64}},
                               {"resnet50_keras_2.2.0", "conv2_block3_out", {55, 55, 256}},
                               {"resnet50_keras_2.2.0", "conv3_block4_out", {28, 28, 512}},
                               {"resnet50_keras_2.0.7", "conv1_relu", {112, 112, 64}},
                               {"resnet50_keras_2.0.7", "conv2_block3_out", {55, 55, 256}},
                               {"resnet50_keras_2.0.7", "conv5_block3_out", {7, 7, 2048}},
                               {"xception", "block1_conv2_act", {147, 147, 64}},
                               {"xception", "add_1", {74, 74, 128}},
                               {"xception", "add_2", {37, 37, 256}},
                               {"xception", "add_3", {19, 19, 728}},
                               {"xception", "block14_sepconv2_act", {10, 10, 2048}},
                               {"inception_v3", "mixed0", {35, 35, 256}},
                               {"inception_v3", "mixed3", {17, 17, 768}},
                               {"inception_v3", "mixed8", {8, 8, 1280}},
                               {"inception_2015", "mixed_10", {8, 8, 2048}},
                               {"inception_2015", "pool_3", {1, 1, 2048}},
                               {"inception_2015", "softmax", {1, 1, 1008}},
                               {"densenet201", "denseblock3", {14, 14, 1792}},
                               {"densenet201_keras", "relu", {7, 7, 1920}},
                               {"densenet201_keras", "flatten", {1, 1, 94080}},
                               {"alexnet", "features.12", {6, 6, 256}},
                               {"deepcluster_alexnet", "conv1", {55, 55, 96}},
                               {"deepcluster_alexnet", "flatten", {1, 1, 9216}},
                               {"deepcluster_vgg16", "conv13", {14, 14, 512}},
                               {"deepcluster_vgg16", "fc7", {1, 1, 4096}},
                               {"efficientnet_lite4", "pooled", {1, 1, 1280}}};
  for (const Expected& one : expected) {
    CAPTURE(one.backbone);
    CAPTURE(one.layer);
    CHECK(extent_of(one.backbone, one.layer) == one.extent);
  }
}

TEST_CASE("where TensorFlow's SAME is uneven the odd cell lies behind") {
  const auto pools = windows_of("xception", Step::Kind::max_pool);
  REQUIRE(pools.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    CHECK(pools[i].rows == Slide{3, 2, i == 1 ? 0 : 1, 1});
    CHECK(pools[i].columns == pools[i].rows);
  }
  CHECK(windows_of("resnet50_keras_2.0.7", Step::Kind::convolution).front().rows == Slide{7, 2, 2, 3});
  CHECK(windows_of("resnet50_keras", Step::Kind::convolution).front().rows == Slide{7, 2, 3, 3});
}

TEST_CASE("all plans of a backbone are one network under different names") {
  for (const Backbone& backbone : backbones()) {
    CAPTURE(backbone.name);
    const auto plans = backbone.plans();
    const Plan& first = plans.front();
    CHECK(first.extent(kInput) == Extent{backbone.preprocess.size, backbone.preprocess.size, 3});
    for (const Plan& plan : plans) {
      CHECK(plan.layers() == first.layers());
      REQUIRE(plan.steps().size() == first.steps().size());
      for (std::size_t i = 0; i < plan.steps().size(); ++i) {
        const Step &a = plan.steps()[i], &b = first.steps()[i];
        CHECK((a.kind == b.kind && a.inputs == b.inputs && a.addend == b.addend && a.window == b.window));
        CHECK(plan.extent(static_cast<Value>(i + 1)) == first.extent(static_cast<Value>(i + 1)));
      }
      std::set<std::string> names;
      for (const auto& need : all_tensors(plan)) CHECK(names.insert(need.name).second);
    }
  }
}

TEST_CASE("a file fits its own network and those that share its weights, no others") {
  const std::set<std::string> torchvision = {"resnet50", "resnet50_v2"},
                              keras = {"resnet50_keras", "resnet50_keras_2.2.0", "resnet50_keras_2.0.7"};
  for (const Backbone& backbone : backbones()) {
    CAPTURE(backbone.name);
    std::set<std::string> fitting;
    for (const auto& fit : fitting_backbones(empty_file(backbone.plans().back()))) fitting.insert(fit.name);
    const std::set<std::string> own = torchvision.contains(backbone.name) ? torchvision
                                      : keras.contains(backbone.name)     ? keras
                                                                          : std::set{backbone.name};
    CHECK(fitting == own);
  }
}

TEST_CASE("the weights of another network are refused, and the nearest tensor is named") {
  const auto refused = [](const char* backbone, const char* file_of) {
    const Backbone wanted = find_backbone(backbone);
    const WeightFile file = empty_file(find_backbone(file_of).plans().front());
    try {
      const Network network(wanted, {""}, file, wanted.preprocess, {.device = Device::cpu});
    } catch (const FileError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto contains = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  const std::string dense = refused("densenet201_keras", "resnet50_keras");
  CHECK(contains(dense, "some.h5: has no tensor 'conv1/conv/kernel' (nearest: 'conv1/kernel')"));
  CHECK(contains(refused("vgg16_vggface", "vgg16"), "has no tensor 'conv1_1/kernel'"));
  CHECK(contains(refused("inception_v3", "xception"), "has no tensor 'conv2d_1/kernel' (nearest: '"));
  CHECK(contains(refused("deepcluster_alexnet", "alexnet"), "shape [64, 3, 11, 11], [96, 2, 11, 11] is wanted"));
  CHECK(contains(refused("efficientnet_lite2", "efficientnet_lite1"), "is wanted"));
  CHECK(contains(refused("vgg16", "vgg16_places365"), "'predictions/kernel'"));
}

}  // namespace coterie
