#include "artifact_name.hpp"

#include <filesystem>

#include "coterie/features/backbone.hpp"

namespace coterie {

std::string artifact_name(const Options& stage, const std::string& parent) {
  if (stage.given("name") && !stage.text("name").empty()) return stage.text("name");
  if (stage.command() == "extract") {
    const Backbone& backbone = find_backbone(stage.text("backbone"));
    const FeatureLayer& layer = find_layer(backbone, stage.text("layer"));
    return layer.name == backbone.layers.front().name ? backbone.name : backbone.name + "-" + layer.name;
  }
  if (stage.command() == "import") return std::filesystem::path(stage.text("file")).stem().string();
  return parent + (stage.command() == "reduce" ? "-pca" : "-kmeans");
}

}  // namespace coterie
