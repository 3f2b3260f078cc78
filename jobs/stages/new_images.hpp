#pragma once

#include <string>

#include "command/job.hpp"

namespace coterie::jobs {

/// Features of images that are not in the study, made as those of `features` were: in a study of their own at `folder`,
/// which goes on where it was stopped. From --images by scan and extract with the same network, layer, weights and
/// preprocessing, or from --file by import. Returns the name of the features there.
///
/// Throws InvalidArgument when the weights or the preprocessing are not those of the study (and which differ), and when
/// both or neither of --images and --file are given. Collective.
std::string make_new_features(const Job& job, const std::string& features, const std::string& folder);

/// Throws InvalidArgument unless exactly one of --images and --file is given.
void check_new_images(const Options& options);

}  // namespace coterie::jobs
