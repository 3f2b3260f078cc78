#include "stages/feature_request.hpp"

#include <algorithm>
#include <filesystem>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/features/autoencoder.hpp"
#include "coterie/features/deepcluster.hpp"
#include "coterie/features/weight_file.hpp"

namespace coterie::jobs {
namespace {

// "vgg16:fc2" of a request for vgg16 is "fc2"; a name without a backbone is for all; of another backbone: "".
std::string layer_for(const Backbone& backbone, const std::string& asked, const std::vector<FeatureRequest>& requests) {
  for (const auto& request : requests)
    if (asked.starts_with(request.backbone.name + ":"))
      return request.backbone.name == backbone.name ? asked.substr(backbone.name.size() + 1) : "";
  return asked;
}

bool offers(const std::vector<FeatureLayer>& layers, const std::string& name) {
  return std::any_of(layers.begin(), layers.end(), [&](const auto& layer) { return layer.name == name; });
}

void choose_layers(std::vector<FeatureRequest>& requests, const std::vector<std::string>& asked) {
  std::vector<bool> found(asked.size(), false);
  for (auto& request : requests) {
    const auto offered = layers_of(request.backbone);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const std::string name = layer_for(request.backbone, asked[i], requests);
      if (name.empty() || !offers(offered, name) || offers(request.layers, name)) continue;
      request.layers.push_back(find_layer(request.backbone, name));
      found[i] = true;
    }
    if (request.layers.empty()) request.layers.push_back(find_layer(request.backbone, ""));
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (found[i]) continue;
    for (const auto& request : requests)
      if (const std::string name = layer_for(request.backbone, asked[i], requests); !name.empty())
        find_layer(request.backbone, name);  // throws, with the nearest name
    throw InvalidArgument(fmt::format("--layer names {} twice", asked[i]));
  }
}

// A plain FILE or random:SEED is for all; BACKBONE=FILE for one.
void choose_weights(std::vector<FeatureRequest>& requests, const std::vector<std::string>& asked) {
  std::vector<std::string> names;
  for (const auto& request : requests) names.push_back(request.backbone.name);
  for (const auto& item : asked) {
    const auto equals = item.find('=');
    const std::string name = item.substr(0, equals);
    const auto named = std::find(names.begin(), names.end(), name);
    if (equals != std::string::npos && named != names.end()) {
      FeatureRequest& request = requests[static_cast<std::size_t>(named - names.begin())];
      require(request.backbone.has_weights(), "--weights: {} has no weights", name);
      request.weights = item.substr(equals + 1);
      continue;
    }
    require(requests.size() == 1 || item.starts_with("random:"),
            "--weights {}: with several backbones each file is given as BACKBONE=FILE{}", item,
            did_you_mean(name, names));
    bool taken = false;
    for (auto& request : requests)
      if (request.backbone.has_weights()) request.weights = item, taken = true;
    require(taken, "--weights: {} has no weights", fmt::join(names, ", "));
  }
}

// "mean=1,2,3,filter=nearest" is two: what has no = belongs to the one before.
std::vector<std::string> assignments(const std::vector<std::string>& items) {
  std::vector<std::string> whole;
  for (const auto& item : items)
    if (whole.empty() || item.find('=') != std::string::npos)
      whole.push_back(item);
    else
      whole.back() += "," + item;
  return whole;
}

// The file that --weights names for this backbone, or "".
std::string file_for(const std::string& backbone, const std::vector<std::string>& asked) {
  for (const auto& item : asked) {
    if (item.starts_with(backbone + "=")) return item.substr(backbone.size() + 1);
    if (item.find('=') == std::string::npos) return item;
  }
  return "";
}

// A checkpoint that train made says how wide its network is, and for which images. One that is not there, or not
// readable, is refused where weights are loaded.
Backbone find_trained(const std::string& name, const std::vector<std::string>& weights) {
  const std::string file = file_for(name, weights);
  if ((is_deepcluster(name) || name == kAutoencoder) && std::filesystem::is_regular_file(file)) try {
      const WeightFile there = read_weights(file);
      if (name == kAutoencoder) {
        if (const auto shape = shape_of_autoencoder(there)) return autoencoder_backbone(*shape);
      } else if (const auto shape = shape_of_checkpoint(name, there)) {
        return deepcluster_backbone(name, *shape);
      }
    } catch (const FileError&) {
    }
  return find_backbone(name);
}

Preprocess departed(const Backbone& backbone, const Options& options) {
  Preprocess chosen = backbone.preprocess;
  for (const std::string name : {"exif", "alpha", "levels"})
    if (options.text(name) != "backbone") override_preprocess(chosen, name + "=" + options.text(name));
  if (options.list().takes("fast-decode") && options.flag("fast-decode")) chosen.fast_decode = true;
  for (const auto& assignment : assignments(options.texts("preprocess"))) override_preprocess(chosen, assignment);
  check_preprocess(chosen);
  require(backbone.takes_any_size() || chosen.size == backbone.preprocess.size,
          "{} takes images of {} pixels, --preprocess asks for {}", backbone.name, backbone.preprocess.size,
          chosen.size);
  return chosen;
}

}  // namespace

std::string preprocess_settings(const Recipe& made) {
  std::string text;
  for (const auto& [name, value] : made.parameters())
    if (name.starts_with(kPreprocessPrefix))
      text += fmt::format("{}{}={}", text.empty() ? "" : ",", name.substr(std::string_view(kPreprocessPrefix).size()),
                          value);
  return text;
}

std::string preprocess_settings(const Preprocess& steps) {
  Recipe recipe;
  for (const auto& [name, value] : settings_of(steps)) recipe.set(kPreprocessPrefix + name, value);
  return preprocess_settings(recipe);
}

std::string weights_used(const Recipe& made) {
  if (const auto file = made.software().find("weights file"); file != made.software().end()) return file->second;
  const auto weights = made.inputs().find("weights");
  return weights != made.inputs().end() && weights->second.starts_with("random:") ? weights->second : "";
}

std::vector<FeatureRequest> feature_requests(const Options& options) {
  std::vector<FeatureRequest> requests;
  for (const auto& name : options.texts("backbone")) {
    Backbone backbone = find_trained(name, options.files("weights"));
    for (const auto& request : requests)
      require(request.backbone.name != backbone.name, "--backbone names {} twice", backbone.name);
    const Preprocess preprocess = departed(backbone, options);
    if (backbone.takes_any_size()) backbone.preprocess = preprocess;  // its size is what it is given
    requests.push_back({backbone, {}, "", preprocess});
  }
  require(!requests.empty(), "--backbone names no network");
  choose_layers(requests, options.texts("layer"));
  choose_weights(requests, options.files("weights"));
  return requests;
}

std::string features_name(const Backbone& backbone, const FeatureLayer& layer) {
  const bool script = backbone.is_module();
  std::string name = script ? std::filesystem::path(backbone.weight_files.front()).stem().string() : backbone.name;
  if (layer.name != backbone.default_layer) name += "-" + layer.name;
  std::replace(name.begin(), name.end(), '/', '-');  // as in VGGFace's fc6/relu
  return name;
}

}  // namespace coterie::jobs
