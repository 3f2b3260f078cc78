#include "coterie/features/backbone.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "coterie/base/errors.hpp"
#include "coterie/features/network.hpp"

namespace coterie {

TEST_CASE("the default backbone is the light one, and each names where its weights come from") {
  CHECK(backbones().front().name == "efficientnet_lite0");
  std::set<std::string> names;
  for (const Backbone& backbone : backbones()) {
    CAPTURE(backbone.name);
    CHECK(names.insert(backbone.name).second);
    CHECK(find_backbone(backbone.name).description == backbone.description);
    CHECK(backbone.description.find('\n') == std::string::npos);
    CHECK_FALSE(backbone.how_to_get.empty());
    REQUIRE_FALSE(backbone.weight_files.empty());
    CHECK(backbone.weight_files.front().find(backbone.sha256_prefix) != std::string::npos);
    CHECK_NOTHROW(check_preprocess(backbone.preprocess));
  }
  CHECK(names.size() == 23);
}

TEST_CASE("the layer of no name is the default one, and each layer is found by its own") {
  for (const Backbone& backbone : backbones()) {
    CAPTURE(backbone.name);
    CHECK(find_layer(backbone, "").name == backbone.default_layer);
    std::set<std::string> names;
    for (const FeatureLayer& layer : layers_of(backbone)) {
      CHECK(names.insert(layer.name).second);
      CHECK(find_layer(backbone, layer.name).dimension == layer.dimension);
    }
  }
}

TEST_CASE("a misspelt backbone or layer is answered with the nearest") {
  const std::pair<const char*, const char*> misspelt[] = {{"resnet5", "\"resnet50\""},
                                                          {"resnet50_kera", "\"resnet50_keras\""},
                                                          {"vgg16_place365", "vgg16_places365"},
                                                          {"inceptionv3", "inception_v3"},
                                                          {"densenet_201", "\"densenet201\""},
                                                          {"efficientnet-lite3", "efficientnet_lite3"},
                                                          {"deepcluster_vgg", "deepcluster_vgg16"}};
  for (const auto& [word, meant] : misspelt)
    CHECK_THROWS_WITH_AS(find_backbone(word), doctest::Contains(meant), InvalidArgument);
  CHECK_THROWS_WITH_AS(find_backbone("x"), doctest::Contains("vgg16"), InvalidArgument);
  CHECK_THROWS_WITH_AS(find_layer(find_backbone("vgg16"), "fc3"), doctest::Contains("\"fc1\""), InvalidArgument);
  CHECK_THROWS_WITH_AS(find_layer(find_backbone("resnet50"), "avg_pool"), doctest::Contains("\"avgpool\""),
                       InvalidArgument);
}

TEST_CASE("the locations of a layer lie in the middle of what they see") {
  const FeatureMap alexnet = map_of(find_backbone("alexnet"), "features.11");
  CHECK(alexnet.height == 13);
  CHECK(alexnet.width == 13);
  CHECK(alexnet.channels == 256);
  CHECK(alexnet.rows.size == 163);  // 11, two pools of 3 and convolutions of 5, 3, 3, 3
  CHECK(alexnet.rows.stride == 16);
  CHECK(alexnet.rows.first == 15);
  const FeatureMap vgg = map_of(find_backbone("vgg16"), "block5_conv3");
  CHECK(vgg.height * vgg.width == 196);
  CHECK(vgg.columns.size == 196);
  CHECK(vgg.columns.stride == 16);
  CHECK(vgg.columns.first == 7.5);
  CHECK(map_of(find_backbone("efficientnet_lite0"), "features").channels == 1280);
  for (const Backbone& backbone : backbones()) {
    CAPTURE(backbone.name);
    const FeatureMap last = map_of(backbone, last_map(backbone));
    CHECK(last.height * last.width >= 25);
    CHECK(last.height * last.width * last.channels == find_layer(backbone, last_map(backbone)).dimension);
    // The middle of all locations is that of the input, but for a window that does not fit in evenly.
    const double middle = last.rows.first + last.rows.stride * static_cast<double>(last.height - 1) / 2;
    CHECK(std::abs(middle - (backbone.preprocess.size - 1) / 2.0) < last.rows.stride);
  }
  CHECK_THROWS_WITH_AS(map_of(find_backbone("vgg16"), "fc1"), doctest::Contains("block5_conv3, block5_pool"),
                       InvalidArgument);
}

TEST_CASE("grey pixels are the pixels of any size, in rows, and want no weights") {
  Backbone backbone = find_backbone("grey_pixels");
  CHECK(find_layer(backbone, "").dimension == 380 * 380);
  CHECK_FALSE(backbone.has_weights());
  CHECK_THROWS_WITH_AS(last_map(backbone), doctest::Contains("no layers with locations"), InvalidArgument);
  CHECK_THROWS_WITH_AS(find_backbone("grey_pixel"), doctest::Contains("\"grey_pixels\""), InvalidArgument);
  override_preprocess(backbone.preprocess, "size=2");
  const Network network(backbone, {""}, random_weights(backbone, {""}, 1), backbone.preprocess,
                        {.device = Device::cpu});
  REQUIRE(network.layers()[0].dimension == 4);
  const std::vector<float> pixels = {1, 1, 1, /**/ 1, 0, 0, /**/ 0, 1, 0, /**/ 0, 0, 1};
  std::vector<float> grey(4);
  std::vector<float*> outs = {grey.data()};
  network.forward(pixels.data(), 1, outs);
  const float expected[] = {1, 0.299F, 0.587F, 0.114F};
  for (std::size_t i = 0; i < 4; ++i) CHECK(grey[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  // The longer edge of 4 x 2 becomes 2, the shorter 1, and the row below is black.
  Levels levels;
  resize_levels(levels, backbone.preprocess, 1);
  make_levels({4, 2, std::vector<std::uint8_t>(24, 255)}, backbone.preprocess, levels, 0);
  network.forward(levels, 0, 1, outs);
  CHECK(grey[0] == doctest::Approx(1));
  CHECK(grey[1] == doctest::Approx(1));
  CHECK(grey[2] == 0);
  CHECK(grey[3] == 0);
}

// A change of one pixel reaches the locations that see it and no other.
TEST_CASE("a location sees the pixels of its receptive field") {
  const Backbone backbone = find_backbone("alexnet");
  const std::string layer = "features.2";
  const FeatureMap map = map_of(backbone, layer);
  const Network network(backbone, {layer}, random_weights(backbone, {layer}, 1), backbone.preprocess,
                        {.device = Device::cpu});
  const auto run = [&](const std::vector<float>& pixels) {
    std::vector<float> values(static_cast<std::size_t>(map.height * map.width * map.channels));
    std::vector<float*> outs = {values.data()};
    network.forward(pixels.data(), 1, outs);
    return values;
  };
  std::vector<float> pixels(224 * 224 * 3);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<float>(i * 2654435761 % 1000) / 1000;
  const auto before = run(pixels);
  const double row = 100, column = 60;
  for (int channel = 0; channel < 3; ++channel)
    pixels[std::size_t{3} * (100 * 224 + 60) + static_cast<std::size_t>(channel)] += 50;
  const auto after = run(pixels);
  int changed = 0;
  for (std::int64_t i = 0; i < map.height; ++i)
    for (std::int64_t j = 0; j < map.width; ++j) {
      const double away = std::max(std::abs(map.rows.first + static_cast<double>(i) * map.rows.stride - row),
                                   std::abs(map.columns.first + static_cast<double>(j) * map.columns.stride - column));
      const auto at = before.begin() + (i * map.width + j) * map.channels;
      const bool differs = !std::equal(at, at + map.channels, after.begin() + (i * map.width + j) * map.channels);
      CHECK(differs == (away <= (map.rows.size - 1) / 2));
      changed += differs;
    }
  CHECK(changed >= 4);
}

}  // namespace coterie
