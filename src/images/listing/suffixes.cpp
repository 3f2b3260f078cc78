#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include "coterie/images/listing.hpp"
#include "coterie/images/shard.hpp"
#include "foreign_formats.hpp"
#include "listing/suffixes.hpp"

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

/// ".cr2 (camera raw; develop it: ...)".
std::string suffix_text(const std::string& suffix) {
  if (suffix.empty()) return "without a suffix";
  const ForeignFormat* format = foreign_format_of_suffix(suffix);
  return format == nullptr ? suffix : fmt::format("{} ({}; {})", suffix, format->name, format->remedy);
}

constexpr std::size_t kMostSuffixes = 8;  // that are named

}  // namespace

bool is_table_file(const std::string& path) { return ends_in(path, ".csv") || ends_in(path, ".tsv"); }
std::string lower_suffix(const std::string& path) {
  std::string suffix = std::filesystem::path(path).extension().native();
  std::transform(suffix.begin(), suffix.end(), suffix.begin(), lower);
  return suffix;
}

std::string passed_over_text(const ImageList& list) {
  std::vector<std::pair<std::string, std::int64_t>> suffixes(list.passed_suffixes.begin(), list.passed_suffixes.end());
  std::stable_sort(suffixes.begin(), suffixes.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> texts;
  std::int64_t named = 0;
  for (const auto& [suffix, count] : suffixes) {
    if (texts.size() == kMostSuffixes) break;
    texts.push_back(fmt::format("{} {}", count, suffix_text(suffix)));
    named += count;
  }
  if (named < list.passed_over) texts.push_back(fmt::format("{} hidden or others", list.passed_over - named));
  return fmt::format("{}", fmt::join(texts, ", "));
}

bool has_image_suffix(const std::string& path) {
  return std::any_of(kImages.begin(), kImages.end(), [&](std::string_view suffix) { return ends_in(path, suffix); });
}

bool has_shard_suffix(const std::string& path) {
  return std::any_of(kShards.begin(), kShards.end(), [&](std::string_view suffix) { return ends_in(path, suffix); });
}

}  // namespace coterie::inline images
