#include <algorithm>
#include <array>
#include <string_view>

#include "coterie/images/listing.hpp"
#include "coterie/images/shard.hpp"

namespace coterie::inline images {

namespace {

constexpr std::array kImages = {".jpg", ".jpeg", ".jpe",  ".jfif", ".png",  ".apng", ".bmp", ".dib",
                                ".tif", ".tiff", ".webp", ".gif",  ".ppm",  ".pgm",  ".pbm", ".pnm",
                                ".jp2", ".j2k",  ".jxl",  ".avif", ".heic", ".heif"};
constexpr std::array kShards = {".tar", ".tar.gz", ".tgz"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// In any case, and of a name that has something before it.
bool ends_in(std::string_view path, std::string_view suffix) {
  if (path.size() <= suffix.size() || path[path.size() - suffix.size() - 1] == '/') return false;
  return std::equal(suffix.begin(), suffix.end(), path.end() - static_cast<std::ptrdiff_t>(suffix.size()),
                    [](char wanted, char found) { return wanted == lower(found); });
}

}  // namespace

bool is_table_file(const std::string& path) { return ends_in(path, ".csv") || ends_in(path, ".tsv"); }

bool has_image_suffix(const std::string& path) {
  return std::any_of(kImages.begin(), kImages.end(), [&](std::string_view suffix) { return ends_in(path, suffix); });
}

bool has_shard_suffix(const std::string& path) {
  return std::any_of(kShards.begin(), kShards.end(), [&](std::string_view suffix) { return ends_in(path, suffix); });
}

}  // namespace coterie::inline images
