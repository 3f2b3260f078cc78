#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "coterie/images/preprocess.hpp"

namespace coterie::inline features {

class Plan;

/// A place in a network where features are taken.
struct FeatureLayer {
  std::string name;
  std::int64_t dimension = 0;
};

/// A pretrained network as a source of features: what it takes, what it gives, where its weights come from.
struct Backbone {
  std::string name;
  std::string description;  ///< one line for --help and the report
  /// The network itself, described under src/features/nets/: one plan for each way its published files name the
  /// tensors. None for torchscript:FILE and grey_pixels.
  std::function<std::vector<Plan>()> plans;
  /// grey_pixels, which takes images of any size (its preprocessing's) and has no weights.
  Plan (*plan_of_size)(std::int64_t size) = nullptr;
  std::string default_layer;
  Preprocess preprocess;                  ///< what these weights were trained with, exactly; its size is the input's
  std::vector<std::string> weight_files;  ///< official names, the preferred one first
  std::string sha256_prefix;              ///< of weight_files[0], "" when its publisher gives none
  std::string how_to_get;                 ///< a sentence: the command that fetches the weights, or where they are

  bool is_module() const { return plans == nullptr && plan_of_size == nullptr; }  ///< torchscript:FILE
  bool has_weights() const { return plan_of_size == nullptr; }
  bool takes_any_size() const { return plans == nullptr; }
};

/// The pretrained networks; the first is the default.
const std::vector<Backbone>& backbones();

/// One of backbones() by name. "torchscript:FILE" is a TorchScript module of the person's own, which takes N × 3 × S ×
/// S and gives one tensor. "grey_pixels" is no network but the baseline that one has to beat: the S × S pixels
/// themselves, row by row, 0.299 red + 0.587 green + 0.114 blue of 0..1. "vae" is autoencoder_backbone() of the
/// published shape. Throws InvalidArgument that offers the nearest name.
Backbone find_backbone(const std::string& name);

/// The layers it offers, from the input on. For torchscript:FILE the module is loaded and run once.
std::vector<FeatureLayer> layers_of(const Backbone& backbone);

/// The layer of this name, the default one for "". Throws InvalidArgument that offers the nearest name.
FeatureLayer find_layer(const Backbone& backbone, const std::string& name);

/// How the locations of a layer lie along one axis of the network's input: location i sees `size` pixels of it, as far
/// as the sizes of the windows go, around first + i · stride, where whole numbers are pixels' centres. Near the borders
/// that reaches beyond the input.
struct ReceptiveField {
  double first = 0, stride = 1, size = 1;
};

/// A layer that has one vector for each place of the image. Features of it are these vectors row by row: height × width
/// × channels.
struct FeatureMap {
  std::int64_t height = 0, width = 0, channels = 0;
  ReceptiveField rows, columns;
};

/// The map of a layer. Throws InvalidArgument that lists the layers with locations for one that has none (a vector for
/// the whole image), and for torchscript:FILE and grey_pixels, which have no layers that coterie knows of.
FeatureMap map_of(const Backbone& backbone, const std::string& layer);

/// The last layer that has locations.
std::string last_map(const Backbone& backbone);

}  // namespace coterie::inline features
