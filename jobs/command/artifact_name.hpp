#pragma once

#include <string>

#include "coterie/study/options.hpp"

namespace coterie::jobs {

/// What a stage's artifact is called: --name where it is given, else made from what it is made of: "resnet50-fc1",
/// the imported file's stem, "resnet50-pca", "resnet50-pca-kmeans". `parent` is the artifact that a reduction or a
/// clustering reads.
std::string artifact_name(const Options& stage, const std::string& parent = "");

}  // namespace coterie::jobs
