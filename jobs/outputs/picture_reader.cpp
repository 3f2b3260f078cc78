#include "outputs/picture_reader.hpp"

#include <filesystem>
#include <memory>

#include "coterie/base/errors.hpp"
#include "coterie/images/listing.hpp"
#include "coterie/images/preprocess.hpp"
#include "stages/feature_request.hpp"

namespace coterie::jobs {

DecodeOptions picture_options(const Recipe& features) {
  Preprocess steps;
  override_preprocess(steps, "levels=" + features.parameter(kPreprocessPrefix + std::string("levels"), "full"));
  return {.levels = steps.levels};
}

// A network's steps stand in its recipe with a prefix.
DecodeOptions word_picture_options(const Recipe& descriptors) {
  Preprocess steps;
  for (const std::string name : {"exif", "alpha", "levels"})
    if (const std::string value = descriptors.parameter(name, descriptors.parameter(kPreprocessPrefix + name, ""));
        !value.empty())
      override_preprocess(steps, fmt::format("{}={}", name, value));
  return decode_options(steps);
}

ImageReader picture_reader(const ImageTable& table, const Recipe& features) {
  return picture_reader(table, picture_options(features));
}

ImageReader picture_reader(const ImageTable& table, const DecodeOptions& options) {
  const auto numbers = std::make_shared<const PathNumbers>(numbers_by_path(table));  // the reader is copied
  return [&table, numbers, options](const std::string& path) {
    const auto found = numbers->find(path);
    require(found != numbers->end(), "{} is no image of the list", path);
    return decode_image(place_of(table, found->second), options);
  };
}

std::string picture_link(const Study& study, const ImagePlace& place) {
  namespace fs = std::filesystem;
  if (place.bytes >= 0 || !has_image_suffix(place.file)) return "";
  const fs::path page = fs::absolute(study.folder() + "/report").lexically_normal();
  return fs::absolute(place.file).lexically_normal().lexically_relative(page).string();
}

}  // namespace coterie::jobs
