#include "nets/weight_source.hpp"

#include <cmath>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "weights/number_format.hpp"

namespace coterie::inline features {
namespace {

// FNV-1a: any fixed function of the name will do.
std::uint32_t stream_of(const std::string& name) {
  std::uint32_t hash = 2166136261u;
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 16777619u;
  return hash;
}

}  // namespace

Tensor FileWeights::take(const TensorNeed& need) const {
  const Tensor* tensor = file_.find(prefix_ + need.name);
  if (tensor == nullptr || tensor->shape != need.shape)
    throw FileError(file_.path(),
                    fmt::format("has no tensor '{}{}' of shape [{}]", prefix_, need.name, fmt::join(need.shape, ", ")));
  return *tensor;
}

Tensor RandomWeights::take(const TensorNeed& need) const {
  const Random random(seed_, Purpose::random_weights, stream_of(need.name));
  const double deviation = std::sqrt(2.0 / static_cast<double>(need.fan_in));
  std::vector<float> values(static_cast<std::size_t>(elements_of(need.shape)), need.role == Role::one ? 1.0f : 0.0f);
  if (need.role == Role::kernel)
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(deviation * random.normal(i));
  return Tensor::of(need.shape, std::move(values));
}

}  // namespace coterie::inline features
