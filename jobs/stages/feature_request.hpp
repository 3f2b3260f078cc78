#pragma once

#include <string>
#include <vector>

#include "coterie/features/backbone.hpp"
#include "coterie/store/recipe.hpp"
#include "coterie/study/options.hpp"

namespace coterie::jobs {

/// What extract was asked for of one network.
struct FeatureRequest {
  Backbone backbone;
  std::vector<FeatureLayer> layers;  ///< at least one
  std::string weights;               ///< a file, random:SEED, or "": the one that tools/fetch_weights fetched
  Preprocess preprocess;             ///< the backbone's, with the departures that were asked for
};

/// How the settings of a preprocessing are called in the recipe of features: "preprocess.filter".
inline constexpr const char* kPreprocessPrefix = "preprocess.";

/// The settings of the preprocessing that features were made with, as --preprocess takes them; "" where an earlier
/// version made them, which did not keep them.
std::string preprocess_settings(const Recipe& made);
std::string preprocess_settings(const Preprocess& steps);

/// What --weights was: where the file lay, or random:SEED; "" where that is not known.
std::string weights_used(const Recipe& made);

/// From --backbone A,B, --layer LAYER or BACKBONE:LAYER,..., --weights FILE or BACKBONE=FILE,..., --preprocess, --exif,
/// --alpha, --levels and --fast-decode. A layer without a backbone is taken of each network that offers it; a network
/// that no layer names gives its usual one. Throws InvalidArgument that offers the nearest name.
std::vector<FeatureRequest> feature_requests(const Options& options);

/// What the features of a layer are called unless --name says otherwise: "vgg16", or "vgg16-fc2" where the layer is not
/// the usual one.
std::string features_name(const Backbone& backbone, const FeatureLayer& layer);

}  // namespace coterie::jobs
