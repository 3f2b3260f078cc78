#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/descriptors/describe.hpp"
#include "coterie/dist/row_partition.hpp"
#include "stages/extract_task.hpp"

namespace coterie::jobs {

/// The descriptors artifact that words is to make: all that its recipe says.
struct WordsTask {
  ImageList list;
  std::string name;
  Recipe recipe;
  DescriptorShape shape;

  DescribeOptions sift;  ///< of the detectors that are SIFT

  struct Layer {
    FeatureRequest request;  ///< with one layer
    WeightChoice weights;
    NetworkOptions network;
    FeatureMap map;
  };
  std::optional<Layer> layer;  ///< of cnn
};

/// Takes the list of images and settles the detector. Throws InvalidArgument for what does not fit together, or when no
/// image can be used. Collective.
WordsTask make_words_task(Job& job);

/// What of these options is meant by --detector; the rest is left out, and refused where it would be passed over.
void settle_words(Options& options);

/// What a detector that is SIFT is asked for; the options are settled.
SiftOptions sift_options(const Options& options);

/// "sift", "dense-rootsift", "alexnet-features.11".
std::string words_name(const Options& options);

/// The one network and the one layer of --detector cnn. Throws InvalidArgument unless it has locations.
FeatureRequest layer_request(const Options& options);

/// Descriptors of one image from a layer's vectors, map.height × map.width × map.channels, with their places in it.
ImageDescriptors describe_map(const FeatureMap& map, const Preprocess& preprocess, PixelSize size, const float* values);

}  // namespace coterie::jobs
