#include "command/artifact_name.hpp"

#include <filesystem>

#include "stages/cluster_algorithm.hpp"
#include "stages/feature_request.hpp"

namespace coterie::jobs {

std::string artifact_name(const Options& stage, const std::string& parent) {
  if (stage.given("name") && !stage.text("name").empty()) return stage.text("name");
  if (stage.command() == "extract") {
    const FeatureRequest first = feature_requests(stage).front();
    return features_name(first.backbone, first.layers.front());
  }
  if (stage.command() == "import") return std::filesystem::path(stage.text("file")).stem().string();
  return parent + (stage.command() == "reduce" ? "-pca" : find_algorithm(stage.text("algorithm")).suffix);
}

}  // namespace coterie::jobs
