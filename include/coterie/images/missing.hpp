#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coterie/images/listing.hpp"

namespace coterie::inline images {

/// Why paths of a list lead to no file, and what finds them.
struct MissingCause {
  std::string what;                ///< "the paths stand in quotation marks"
  std::vector<std::string> edits;  ///< of the list, each a sentence without its end: "remove the quotation marks"
  std::string root;                ///< the folder that they start from, where that is not the list's root; else empty
  std::string path_column;         ///< the column of a table that holds the paths; else empty
  std::string found;               ///< a file that is found so; empty where it is known otherwise
};

/// Tries what is often wrong (another root, quotation marks, backslashes, another Unicode form, no suffix ...), and
/// more than one of it at a time, on some of `missing`, which are numbers of images of the list that are not there,
/// ascending and at least one. What it names finds at least half of those tried, and no simpler thing does. It looks at
/// names alone. None where nothing finds them.
std::optional<MissingCause> why_missing(const ImageList& list, const ListingOptions& options,
                                        const std::vector<std::int64_t>& missing);

}  // namespace coterie::inline images
