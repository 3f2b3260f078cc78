#include "coterie/features/backbone.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "coterie/base/errors.hpp"

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

}  // namespace coterie
