#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/images/preprocess.hpp"

namespace coterie {

/// A place in a network where features are taken.
struct FeatureLayer {
  std::string name;
  std::int64_t dimension = 0;
};

/// A pretrained network as a source of features: what it takes, what it gives, where its weights come from.
/// The network itself is described under src/features/nets/.
struct Backbone {
  std::string name;
  std::string description;                ///< one line for --help and the report
  std::vector<FeatureLayer> layers;       ///< the first is the default
  std::int64_t input_size = 224;          ///< side of the square input
  Preprocess preprocess;                  ///< what these weights were trained with, exactly
  std::int64_t batch = 4;                 ///< images computed together; measured best on one core (tests/bench)
  std::vector<std::string> weight_files;  ///< official names, the preferred one first
  std::string sha256_prefix;              ///< of weight_files[0], "" when its publisher gives none
  std::string how_to_get;                 ///< a sentence: the command that fetches the weights
};

/// All of them; the first is the default.
const std::vector<Backbone>& backbones();

/// Throws InvalidArgument that offers the nearest name.
const Backbone& find_backbone(const std::string& name);

/// The layer of this name, the default one for "". Throws InvalidArgument that offers the nearest name.
const FeatureLayer& find_layer(const Backbone& backbone, const std::string& name);

}  // namespace coterie
