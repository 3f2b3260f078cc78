#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/features/backbone.hpp"
#include "coterie/features/network.hpp"
#include "coterie/features/weight_file.hpp"
#include "stages/image_list.hpp"

namespace coterie::jobs {

/// Features of all images by a network in training, into a file that survives a kill; nothing to do where it is whole,
/// else `weights` is called, on all ranks. Collective. Throws Stopped where a signal asks for the end.
void extract_all(const Job& job, const ImageList& list, const Backbone& backbone, const DeviceChoice& device,
                 const std::function<WeightFile()>& weights, const std::string& path, std::uint32_t epoch);

/// The clusters of the images that an epoch of DeepCluster is trained with.
struct PseudoLabels {
  std::vector<std::int32_t> labels;  ///< of each image; -1 of one that could not be read
  double inertia = 0;                ///< of the whitened rows
  double explained = 0;              ///< share of their sum of squares
  std::int64_t emptied = 0;          ///< clusters that lost all their images and were given a new start
};

/// As DeepCluster's clustering.py: PCA to 256 numbers, whitened, rows to length 1; 20 iterations of k-means with
/// --clusters centroids, from rows drawn anew in each epoch, or from the means of the clusters `before`, one label for
/// each image; none where that is empty. The same bits on any number of ranks and threads. Collective. Throws
/// InvalidArgument where fewer images than clusters could be read.
PseudoLabels pseudo_labels(const Job& job, const std::string& features, std::uint32_t epoch,
                           std::span<const std::int32_t> before);

}  // namespace coterie::jobs
