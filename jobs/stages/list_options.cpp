#include "stages/list_options.hpp"

namespace coterie::jobs {

void take_list_options(const Options& from, ListingOptions& options) {
  options.path_column = from.text("path-column");
  const std::string encoding = from.text("encoding");
  if (encoding == "bytes") options.encoding = Encoding::bytes;
  if (encoding == "windows-1252") options.encoding = Encoding::windows_1252;
  if (from.list().takes("root")) options.root = from.text("root");
  if (from.list().takes("by-content")) options.by_content = from.flag("by-content");
}

}  // namespace coterie::jobs
