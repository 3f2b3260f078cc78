#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/viewer/atlas.hpp"
#include "coterie/viewer/exhibit.hpp"

namespace coterie::inline viewer {

/// Throws InvalidArgument where the parts of an exhibit do not fit each other: another number of labels than of rows, a
/// label beyond k, no map.
void check_exhibit(const Exhibit& exhibit);

/// Writes FOLDER/index.html, one page with its style and its script inside, and of its data FOLDER/data/NAME.js,
/// classic scripts that hand base64 to the page: a page that was opened from a disk may read no other file. The page
/// asks for them as it needs them. With `single_file` all of it, and the files of FOLDER/atlas, which are then removed,
/// lie in index.html. The script and the style are allowed by their hashes in the page's content policy, data by its
/// place.
///
/// `order`: the rows as map_order() has them: the data are in this order, and so are the images of the atlases in
/// FOLDER/atlas, of `levels`. One rank.
void write_viewer(const Exhibit& exhibit, const std::vector<std::int64_t>& order, const std::vector<AtlasLevel>& levels,
                  bool single_file, const std::string& folder);

}  // namespace coterie::inline viewer
