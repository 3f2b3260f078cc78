#include "outputs/picture_reader.hpp"

#include <memory>
#include <string_view>
#include <unordered_map>

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
  using Numbers = std::unordered_map<std::string_view, std::int64_t>;
  const auto numbers = std::make_shared<Numbers>();  // the reader is copied
  for (std::int64_t i = 0; i < table.size(); ++i) numbers->emplace(table.paths[static_cast<std::size_t>(i)], i);
  return [&table, numbers, options](const std::string& path) {
    const auto found = numbers->find(path);
    require(found != numbers->end(), "{} is no image of the list", path);
    return decode_image(place_of(table, found->second), options);
  };
}

}  // namespace coterie::jobs
