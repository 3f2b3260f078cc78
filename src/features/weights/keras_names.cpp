#include "weights/keras_names.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "coterie/base/number.hpp"

namespace coterie::inline features {
namespace {

// "_1" at the end, which both generations append to a name that was taken.
std::string without_number(const std::string& name) {
  const auto at = name.find_last_not_of("0123456789");
  return at != std::string::npos && at + 1 < name.size() && name[at] == '_' ? name.substr(0, at) : name;
}

struct Numbered {
  std::string base;
  std::int64_t number;  // 0: none
};

std::optional<Numbered> automatic_name(const std::string& layer) {
  constexpr std::string_view kKinds[] = {"conv2d",        "separable_conv2d",       "batch_normalization", "dense",
                                         "convolution2d", "separableconvolution2d", "batchnormalization"};
  Numbered result{without_number(layer), 0};
  if (std::find(std::begin(kKinds), std::end(kKinds), result.base) == std::end(kKinds)) return std::nullopt;
  const std::string_view digits = std::string_view(layer).substr(std::min(result.base.size() + 1, layer.size()));
  if (digits.empty()) return result;
  const auto number = parse_as<std::int64_t>(digits, 1, 999'999'999);
  if (!number || digits.front() == '0') return std::nullopt;
  result.number = *number;
  return result;
}

using Role = std::pair<std::string_view, std::string_view>;

// As Keras 1 or 2 end the name of a weight, and what it is.
const Role* find_role(std::string_view name) {
  static constexpr Role kRoles[] = {{"depthwise_kernel", "depthwise_kernel"},
                                    {"pointwise_kernel", "pointwise_kernel"},
                                    {"kernel", "kernel"},
                                    {"bias", "bias"},
                                    {"gamma", "gamma"},
                                    {"beta", "beta"},
                                    {"moving_mean", "moving_mean"},
                                    {"moving_variance", "moving_variance"},
                                    {"W", "kernel"},
                                    {"b", "bias"},
                                    {"running_mean", "moving_mean"},
                                    {"running_std", "moving_variance"}};  // Keras 1 kept the variance under this name
  for (const auto& role : kRoles)
    if (name == role.first || name.ends_with(std::string("_").append(role.first))) return &role;
  return nullptr;
}

// "kernel" of "fc1/kernel:0".
std::string last_part(const std::string& weight) {
  const std::string last = weight.substr(weight.rfind('/') + 1);  // npos + 1 == 0: no slash, the whole
  return last.substr(0, last.find(':'));
}

}  // namespace

std::string keras_role(const std::string& weight) {
  const std::string last = last_part(weight);
  const auto* role = find_role(without_number(last));
  return role == nullptr ? last : std::string(role->second);
}

std::string keras_layer_of(const std::string& weight) {
  const std::string whole = without_number(weight.substr(0, weight.rfind(':')));
  const std::string last = last_part(whole);
  const std::string scope = whole.substr(0, whole.size() - last.size());  // with its slash
  const auto* role = find_role(last);
  if (role == nullptr || last == role->first) return scope.substr(0, std::max<std::size_t>(scope.size(), 1) - 1);
  return scope + last.substr(0, last.size() - role->first.size() - 1);
}

std::map<std::string, std::string> keras_layer_names(const std::vector<std::string>& layers) {
  std::map<std::string, std::int64_t> least;
  for (const auto& layer : layers)
    if (const auto name = automatic_name(layer)) {
      const auto at = least.emplace(name->base, name->number).first;
      at->second = std::min(at->second, name->number);
    }
  std::map<std::string, std::string> names;
  for (const auto& layer : layers) {
    const auto name = automatic_name(layer);
    names[layer] = name ? name->base + "_" + std::to_string(name->number - least[name->base] + 1) : layer;
  }
  return names;
}

}  // namespace coterie::inline features
