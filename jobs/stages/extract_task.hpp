#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/features/network.hpp"
#include "coterie/store/feature_file.hpp"
#include "stages/feature_request.hpp"
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
struct ExtractTask {
  std::vector<FeatureRequest> requests;
  std::vector<WeightChoice> weights;  ///< of each request
  ImageTable table;
  DecodeLimits limits;               ///< the scan's
  std::vector<std::int64_t> images;  ///< numbers of the usable ones
  RowIdentities identities;          ///< of these, on the root
  NetworkOptions network;
  std::vector<ExtractOutput> outputs;  ///< by request, then by layer

  /// Rows that are committed together, which is what a kill can cost each thread: few, so that a small study shares
  /// out evenly, but a GPU's batch where there are many. A function of the study alone: any machine may resume it.
  std::int64_t block_rows() const { return images.size() < 10'000 ? 32 : 128; }
};

/// Takes the list of images and settles networks, layers, weights and precision. Throws InvalidArgument for what does
/// not fit together, or when no image can be used. Collective.
ExtractTask make_extract_task(Job& job);

}  // namespace coterie::jobs
