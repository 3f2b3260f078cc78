#pragma once

#include <string>

#include "command/job.hpp"
#include "stages/image_list.hpp"

namespace coterie::jobs {

/// Trains a network of DeepCluster (Caron et al., "Deep clustering for unsupervised learning of visual features", ECCV
/// 2018) on the images of the list, epoch by epoch: features of all images → PCA to 256, whitened, rows to length 1 →
/// k-means → one epoch of classifying each image's view as its cluster. Makes the checkpoint NAME. Collective.
void train_deepcluster(Job& job, const ImageList& list, const std::string& name);

}  // namespace coterie::jobs
