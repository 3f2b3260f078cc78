// Preprocessing as text: overriding one field by name, and describing all.
#include <algorithm>
#include <cmath>
#include <span>

#include "coterie/base/nearest_name.hpp"
#include "coterie/base/number.hpp"
#include "coterie/images/preprocess.hpp"

namespace coterie::inline images {

namespace {

constexpr std::array<std::string_view, 6> kGeometries = {"none",          "squash",    "short_side",
                                                         "centre_square", "letterbox", "centre_crop"};
constexpr std::array<std::string_view, 6> kFilters = {"nearest", "box",     "bilinear",
                                                      "bicubic", "lanczos", "tf1_bilinear"};
constexpr std::array<std::string_view, 2> kPasses = {"horizontal_first", "pillow13"};
constexpr std::array<std::string_view, 2> kOrders = {"rgb", "bgr"};
constexpr std::array<std::string_view, 2> kRotations = {"apply", "ignore"};
constexpr std::array<std::string_view, 3> kGrounds = {"white", "black", "drop"};
constexpr std::array<std::string_view, 2> kTransforms = {"accurate", "fast"};
constexpr std::array<std::string_view, 2> kLevels = {"full", "range"};
constexpr std::array<std::string_view, 2> kNoYes = {"no", "yes"};
constexpr std::array<std::string_view, 16> kKeys = {"geometry", "size",  "resize", "fraction",   "pad",       "filter",
                                                    "passes",   "order", "scale",  "mean",       "deviation", "exif",
                                                    "alpha",    "dct",   "levels", "fast_decode"};
constexpr int kLargestSide = 16384;

/// The place of `name` in `names`; the error for an unknown one names the nearest.
std::size_t find_name(std::string_view what, std::string_view name, std::span<const std::string_view> names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  throw InvalidArgument(fmt::format("preprocessing has no {} '{}'{}; there are {}", what, name,
                                    did_you_mean(name, std::vector<std::string>(names.begin(), names.end())),
                                    fmt::join(names, ", ")));
}

template <typename T>
T number_of(std::string_view key, std::string_view text, T least, T most) {
  const auto value = parse_as<T>(text, least, most);
  require(value.has_value(), "preprocessing's {}: '{}' is no number from {} to {}", key, text, least, most);
  return *value;
}

std::array<float, 3> parse_channels(std::string_view key, std::string_view text, float least, float most) {
  std::vector<float> numbers;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    numbers.push_back(number_of(key, text.substr(at, comma - at), least, most));
    at = comma + 1;
  }
  require(numbers.size() == 1 || numbers.size() == 3,
          "preprocessing's {} takes one number or three with commas, not {}", key, numbers.size());
  return {numbers.front(), numbers[numbers.size() / 2], numbers.back()};
}

std::string normalisation_line(const Preprocess& steps) {
  return fmt::format("normalise: (x / {} - mean) / deviation in float32, mean {}, deviation {}", steps.scale,
                     fmt::join(steps.mean, " "), fmt::join(steps.deviation, " "));
}

std::string geometry_line(const Preprocess& steps) {
  const std::string_view passes =
      has_float_levels(steps) ? "float32, not rounded" : kPasses[static_cast<std::size_t>(steps.passes)];
  const std::string filter = fmt::format("{} ({})", filter_name(steps.filter), passes);
  switch (steps.geometry) {
    case Geometry::squash:
      return fmt::format("geometry: squash to {0} x {0}, {1}", steps.size, filter);
    case Geometry::short_side:
      return fmt::format("geometry: short side to {0}, {1}; centre {2} x {2}, padded with 0", steps.resize, filter,
                         steps.size);
    case Geometry::centre_square:
      return fmt::format("geometry: centre square of {0} of the short side, to {1} x {1}, {2}", steps.fraction,
                         steps.size, filter);
    case Geometry::letterbox:
      return fmt::format("geometry: long side to {0}, {1}, centred on {0} x {0} of grey {2}", steps.size, filter,
                         steps.pad);
    case Geometry::centre_crop:
      return fmt::format("geometry: not resized; centre {0} x {0}, padded with 0", steps.size);
    case Geometry::none:
      break;
  }
  return fmt::format("geometry: none, images must have {0} x {0}", steps.size);
}

}  // namespace

void override_preprocess(Preprocess& steps, std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  require(equals != assignment.npos,
          "'{}' does not override preprocessing; write key=value, for example filter=bicubic", assignment);
  const std::string_view key = assignment.substr(0, equals), value = assignment.substr(equals + 1);
  constexpr float kLargest = 1e6F, kSmallest = 1e-6F;
  const std::string_view known = kKeys[find_name("setting", key, kKeys)];
  if (known == "geometry") steps.geometry = static_cast<Geometry>(find_name(key, value, kGeometries));
  if (known == "size") steps.size = number_of(key, value, 1, kLargestSide);
  if (known == "resize") steps.resize = number_of(key, value, 1, kLargestSide);
  if (known == "fraction") steps.fraction = number_of(key, value, 0.001, 1.0);
  if (known == "pad") steps.pad = number_of(key, value, 0, 255);
  if (known == "filter") steps.filter = static_cast<Filter>(find_name(key, value, kFilters));
  if (known == "passes") steps.passes = static_cast<PassOrder>(find_name(key, value, kPasses));
  if (known == "order") steps.order = static_cast<ChannelOrder>(find_name(key, value, kOrders));
  if (known == "scale") steps.scale = number_of(key, value, kSmallest, kLargest);
  if (known == "mean") steps.mean = parse_channels(key, value, -kLargest, kLargest);
  if (known == "deviation") steps.deviation = parse_channels(key, value, kSmallest, kLargest);
  if (known == "exif") steps.exif = static_cast<ExifRotation>(find_name(key, value, kRotations));
  if (known == "alpha") steps.alpha = static_cast<AlphaGround>(find_name(key, value, kGrounds));
  if (known == "dct") steps.dct = static_cast<JpegTransform>(find_name(key, value, kTransforms));
  if (known == "levels") steps.levels = static_cast<LevelRange>(find_name(key, value, kLevels));
  if (known == "fast_decode") steps.fast_decode = find_name(key, value, kNoYes) == 1;
}

std::vector<std::pair<std::string, std::string>> settings_of(const Preprocess& steps) {
  const auto name = [](const auto& names, auto value) { return std::string(names[static_cast<std::size_t>(value)]); };
  const auto channels = [](const std::array<float, 3>& values) { return fmt::format("{}", fmt::join(values, ",")); };
  return {{"geometry", name(kGeometries, steps.geometry)},
          {"size", fmt::to_string(steps.size)},
          {"resize", fmt::to_string(steps.resize)},
          {"fraction", fmt::format("{}", steps.fraction)},
          {"pad", fmt::to_string(steps.pad)},
          {"filter", name(kFilters, steps.filter)},
          {"passes", name(kPasses, steps.passes)},
          {"order", name(kOrders, steps.order)},
          {"scale", fmt::format("{}", steps.scale)},
          {"mean", channels(steps.mean)},
          {"deviation", channels(steps.deviation)},
          {"exif", name(kRotations, steps.exif)},
          {"alpha", name(kGrounds, steps.alpha)},
          {"dct", name(kTransforms, steps.dct)},
          {"levels", name(kLevels, steps.levels)},
          {"fast_decode", name(kNoYes, steps.fast_decode ? 1 : 0)}};
}

std::vector<std::string> describe(const Preprocess& steps) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format(
      "decode: EXIF rotation {}, alpha {}{}{}", kRotations[static_cast<std::size_t>(steps.exif)],
      kGrounds[static_cast<std::size_t>(steps.alpha)], steps.dct == JpegTransform::fast ? ", fast JPEG transform" : "",
      steps.levels == LevelRange::range ? ", levels range" : ""));
  if (steps.fast_decode)
    lines.push_back(fmt::format("fast decode: JPEG at 1/2, 1/4 or 1/8 where that is no smaller than the resize"));
  lines.push_back(geometry_line(steps));
  lines.push_back(fmt::format("channels: {}", kOrders[static_cast<std::size_t>(steps.order)]));
  lines.push_back(normalisation_line(steps));
  return lines;
}

}  // namespace coterie::inline images
