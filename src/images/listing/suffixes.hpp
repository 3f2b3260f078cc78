#pragma once

#include <string>

namespace coterie::inline images {

/// ".jpg" of "a/B.JPG"; empty where the name has none.
std::string lower_suffix(const std::string& path);

}  // namespace coterie::inline images
