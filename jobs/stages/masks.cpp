#include "stages/masks.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "coterie/images/decode.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

std::string mask_of(const std::string& folder, const std::string& image) {
  const fs::path stem = fs::path(folder) / fs::path(image).replace_extension();
  for (const char* ending : {"_seg.png", ".png"})
    if (fs::is_regular_file(stem.string() + ending)) return stem.string() + ending;
  return "";
}

// Pixels of each class; colours as they are stored, since a transparent one means a class as well.
std::map<std::int32_t, std::int64_t> count_pixels(const std::string& path) {
  ImagePlace place;
  place.file = path;
  const Image mask = decode_image(place, {.alpha = AlphaGround::drop});
  std::map<std::int32_t, std::int64_t> pixels;
  for (std::size_t i = 0; i + 2 < mask.rgb.size(); i += 3) ++pixels[ade20k_class(mask.rgb[i], mask.rgb[i + 1])];
  return pixels;
}

}  // namespace

std::int32_t ade20k_class(std::uint8_t red, std::uint8_t green) { return red / 10 * 256 + green; }

MaskClasses read_masks(const std::string& folder, const RowNames& names, ThreadPool& pool) {
  std::vector<std::map<std::int32_t, std::int64_t>> counted(names.names.size());
  pool.for_each(std::ssize(counted), [&](std::int64_t i, int) {
    const auto document = static_cast<std::size_t>(i);
    if (!names.there(i)) return;
    if (const std::string path = mask_of(folder, names.names[document]); !path.empty())
      counted[document] = count_pixels(path);
  });
  MaskClasses found;
  std::set<std::int32_t> classes;
  for (const auto& pixels : counted)
    for (const auto& [each, count] : pixels) classes.insert(each);
  found.classes.assign(classes.begin(), classes.end());
  for (const auto& pixels : counted) {
    auto& shares = found.shares.emplace_back();
    std::int64_t all = 0;
    for (const auto& [each, count] : pixels) all += count;
    for (const auto& [each, count] : pixels) {
      const auto place = std::lower_bound(found.classes.begin(), found.classes.end(), each) - found.classes.begin();
      shares.emplace_back(static_cast<std::int32_t>(place), static_cast<double>(count) / static_cast<double>(all));
    }
    found.found += pixels.empty() ? 0 : 1;
  }
  require(found.found > 0,
          "{} holds no mask of any of the {} images: of a/b.jpg it would be {}/a/b_seg.png or {}/a/b.png", folder,
          names.names.size(), folder, folder);
  return found;
}

}  // namespace coterie::jobs
