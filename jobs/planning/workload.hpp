#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/images/listing.hpp"
#include "stages/feature_request.hpp"

namespace coterie::jobs {

/// A study that is planned and not made yet: its stages, and how much they work on.
struct Workload {
  std::vector<Options> stages;           ///< in order, settled
  std::vector<FeatureRequest> networks;  ///< of extract, and of words that are a network's; empty without any
  std::int64_t images = 0;
  std::int64_t dimensions = 0;   ///< numbers of an image's features: a network's, imported ones, or counts of words
  std::int64_t components = 0;   ///< numbers of a row that is clustered
  std::vector<std::int64_t> ks;  ///< ascending
  std::string source;            ///< the images, "" where the study names none that is there

  /// The stage of that name, or none.
  const Options* stage(const std::string& name) const;

  /// Whether it begins with images, instead of features from elsewhere.
  bool has_images() const {
    return stage("extract") != nullptr || stage("words") != nullptr || stage("train") != nullptr;
  }

  bool ward() const;
  std::int64_t starts() const;  ///< of cluster
  std::int64_t largest_k() const { return ks.empty() ? 0 : ks.back(); }

  /// The images that the study lists, looked for once. One rank.
  const ImageList& listing(int threads) const;

  /// What a measurement belongs to: every option of the stages that changes how long an image takes, by name. Neither
  /// the number of images, nor that of ranks, nor where things lie.
  std::map<std::string, std::string> shape() const;

 private:
  mutable std::optional<ImageList> listed_;
};

/// From the study file that was named, below what the command line gives; without one from the command line alone:
/// extract, reduce, cluster and evaluate. The number of images is --image-count, else the length of the listing, else
/// 100,000. Lists images only on the root; the same on every rank. Throws InvalidArgument.
Workload workload_of(const Job& job);

}  // namespace coterie::jobs
