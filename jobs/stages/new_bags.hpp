#pragma once

#include <string>

#include "command/job.hpp"
#include "coterie/artifacts/codebook.hpp"

namespace coterie::jobs {

/// Descriptors of images that are not in the study, made as those of a codebook were: by scan and words in a study of
/// their own at `folder`, which goes on where it was stopped. Returns their words, whole on every rank. Collective.
Documents count_new_words(const Job& job, const CodebookReader& codebook, const std::string& folder);

/// What --images leads to in the study at `folder`: the name of its descriptors and of its features.
inline constexpr const char* kNewImages = "new";

}  // namespace coterie::jobs
