#include "coterie/features/backbone.hpp"

#include <doctest/doctest.h>

#include <string>

#include "coterie/base/errors.hpp"
#include "coterie/features/network.hpp"

namespace coterie {

TEST_CASE("the default backbone is the light one, and each names where its weights come from") {
  CHECK(backbones().front().name == "efficientnet_lite0");
  for (const Backbone& backbone : backbones()) {
    CHECK(&find_backbone(backbone.name) == &backbone);
    CHECK(backbone.how_to_get.find("tools/fetch_weights " + backbone.name) != std::string::npos);
    CHECK(backbone.weight_files.front().find(backbone.sha256_prefix) != std::string::npos);
    CHECK(backbone.preprocess.size == backbone.input_size);
    CHECK(&find_layer(backbone, "") == &backbone.layers.front());
    CHECK(&find_layer(backbone, backbone.layers.back().name) == &backbone.layers.back());
  }
}

TEST_CASE("a misspelt backbone or layer is answered with the nearest") {
  CHECK_THROWS_WITH_AS(find_backbone("resnet5"), doctest::Contains("\"resnet50\""), InvalidArgument);
  CHECK_THROWS_WITH_AS(find_backbone("x"), doctest::Contains("vgg16"), InvalidArgument);
  CHECK_THROWS_WITH_AS(find_layer(find_backbone("vgg16"), "fc3"), doctest::Contains("\"fc1\""), InvalidArgument);
}

}  // namespace coterie
