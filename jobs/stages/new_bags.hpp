#pragma once

#include <string>

#include "command/job.hpp"
#include "coterie/artifacts/codebook.hpp"
#include "coterie/artifacts/descriptors.hpp"
#include "coterie/topics/spatial_lda.hpp"

namespace coterie::jobs {

/// What --images leads to in the study at `folder`: the name of its descriptors and of its features.
inline constexpr const char* kNewImages = "new";

/// Descriptors of images that are not in the study, made as those of a codebook were: by scan and words in a study of
/// their own at `folder`, which goes on where it was stopped. Collective.
DescriptorReader describe_new_images(const Job& job, const CodebookReader& codebook, const std::string& folder);

/// Their words, counted in each image: whole on every rank. Collective.
Documents count_new_words(const Job& job, const CodebookReader& codebook, const std::string& folder);

/// Their words with their places, of this rank's images. Collective.
PlacedWords place_new_words(const Job& job, const CodebookReader& codebook, const std::string& folder);

}  // namespace coterie::jobs
