#pragma once

#include <span>
#include <vector>

#include "command/job.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/store/feature_file.hpp"
#include "stages/image_list.hpp"

namespace coterie::jobs {

/// Computes the blocks that any of these files misses, each file being of one layer of the networks, in their order,
/// and finishes the files. False after a stop signal: everything committed is on disk, and the files are closed.
/// `label`: of the progress. Collective.
bool extract_missing(const Job& job, const char* label, const ImageList& list, std::span<FeatureFile* const> files,
                     std::span<const Network> networks, const ExtractorOptions& options, ExtractTimes& times);

}  // namespace coterie::jobs
