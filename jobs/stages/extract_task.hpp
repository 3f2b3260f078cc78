#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/features/network.hpp"
#include "coterie/store/feature_file.hpp"
#include "stages/feature_request.hpp"
#include "stages/image_list.hpp"
#include "stages/weight_choice.hpp"

namespace coterie::jobs {

/// One artifact that extract is to make.
struct ExtractOutput {
  std::size_t request = 0;  ///< which of the requests
  FeatureLayer layer;
  std::string name, path;
  Recipe recipe;
  std::unique_ptr<FeatureFile> file;  ///< once it is open

  bool pending() const { return !file || !file->complete(); }
};

/// What is to be extracted, from what: all that the recipes say.
struct ExtractTask : ImageList {
  std::vector<FeatureRequest> requests;
  std::vector<WeightChoice> weights;  ///< of each request
  NetworkOptions network;
  std::vector<ExtractOutput> outputs;  ///< by request, then by layer

  /// Rows that are committed together, which is what a kill can cost each thread: few, so that a small study shares
  /// out evenly, but a GPU's batch where there are many. A function of the study alone: any machine may resume it.
  std::int64_t block_rows() const { return images.size() < 10'000 ? 32 : 128; }
};

constexpr int kGpuThreads = 2;  ///< that feed a GPU: one copies while the other computes

Device asked_device(const Options& options);  ///< --device

/// What --device, --precision and --gpu-batch ask for on this machine. Collective.
NetworkOptions network_options(const Job& job);

/// Enters a network into a recipe: backbone, layer, precision, preprocessing and weights.
void enter_network(Recipe& recipe, const FeatureRequest& asked, const std::string& layer, Precision precision,
                   const WeightChoice& weights);

/// Threads and batches to extract these images with on this rank, measured where --batch does not say.
ExtractorOptions extractor_options(const Job& job, const NetworkOptions& network, const ImageList& list,
                                   const std::vector<Network>& networks);

/// Takes the list of images and settles networks, layers, weights and precision. Throws InvalidArgument for what does
/// not fit together, or when no image can be used. Collective.
ExtractTask make_extract_task(Job& job);

}  // namespace coterie::jobs
