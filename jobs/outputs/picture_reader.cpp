#include "outputs/picture_reader.hpp"

#include <memory>

#include "coterie/base/errors.hpp"
#include "coterie/images/preprocess.hpp"
#include "stages/feature_request.hpp"

namespace coterie::jobs {

DecodeOptions picture_options(const Recipe& features) {
  Preprocess steps;
  override_preprocess(steps, "levels=" + features.parameter(kPreprocessPrefix + std::string("levels"), "full"));
  return {.levels = steps.levels};
}

ImageReader picture_reader(const ImageTable& table, const Recipe& features) {
  const DecodeOptions options = picture_options(features);
  const auto numbers = std::make_shared<const PathNumbers>(numbers_by_path(table));  // the reader is copied
  return [&table, numbers, options](const std::string& path) {
    const auto found = numbers->find(path);
    require(found != numbers->end(), "{} is no image of the list", path);
    return decode_image(place_of(table, found->second), options);
  };
}

}  // namespace coterie::jobs
