#pragma once

#include "outputs/published_forms.hpp"

namespace coterie::jobs {

/// Study 1, where the rows are features of a DeepCluster that this study trained (or trained on: train --init), as
/// DeepCluster's main.py left it. STEM is TRAINING_ARCH=arch_K=clusters_EPOCH=e, with e the epochs that were done.
///
/// - STEM.txt: each epoch's own partition, for each cluster "Cluster i size: n" and lines of i, tab, path
/// - exp/clusters: a pickle of the same, a list for each epoch, in it for each cluster its images' places
/// - STEM_checkpoint.pth.tar: the weights after the last epoch, whose number e is
/// - STEM.pickle, with --write-features: joblib's dictionary of path -> features
void write_training_files(const PublishedSolution& solution);

}  // namespace coterie::jobs
