#pragma once

#include <map>
#include <string>
#include <vector>

#include "coterie/images/listing.hpp"

namespace coterie::inline images {

/// What lies in a folder, at any depth, in no order.
struct FolderContents {
  std::vector<std::string> images, shards;  ///< relative to the folder
  std::int64_t passed_over = 0;
  std::map<std::string, std::int64_t> passed_suffixes;
  std::vector<ImageList::Problem> problems;
};

/// Searches through a folder, as the options' follow_links and by_content say; their threads share out its subfolders.
/// The kind of an entry is what readdir says, so that files cost no stat: one is made of each folder (against loops)
/// and of links. By content, each file whose name says nothing is opened. Never throws for what it meets.
FolderContents walk_folder(const std::string& root, const ListingOptions& options);

}  // namespace coterie::inline images
