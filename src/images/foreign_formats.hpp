#pragma once

#include <string_view>

namespace coterie::inline images {

/// What people's folders hold beside the images that coterie decodes, and how to make such images of it.
struct ForeignFormat {
  std::string_view name;      ///< "HEIC", "camera raw"
  std::string_view suffixes;  ///< in lower case, blanks between and around them
  std::string_view remedy;    ///< what the person can do
};

/// By its name or by a suffix (".heic", in lower case); nullptr where it is not known.
const ForeignFormat* foreign_format(std::string_view name);
const ForeignFormat* foreign_format_of_suffix(std::string_view suffix);

}  // namespace coterie::inline images
