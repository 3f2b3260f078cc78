#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/store/feature_file.hpp"

namespace coterie::jobs {

/// The study's list of images, as stages that decode them take it.
struct ImageList {
  ImageTable table;
  DecodeLimits limits;               ///< the scan's
  std::vector<std::int64_t> images;  ///< numbers of the usable ones
  RowIdentities identities;          ///< of these, on the root
};

/// Takes the list. Throws InvalidArgument when no image can be used, and where not one file is there any more.
/// Collective.
ImageList take_images(Job& job);

/// Says of an artifact just made which images were sound when they were scanned and could not be read now. Throws Error
/// where that are all, after removing the file: nothing can be made of it, and "up to date" would hide that. The root.
void account_for(const Job& job, const std::string& path, const char* what, const std::vector<std::string>& paths,
                 const std::vector<ImageStatus>& statuses);

}  // namespace coterie::jobs
