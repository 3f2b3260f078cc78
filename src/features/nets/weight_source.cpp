#include "weight_source.hpp"

#include <algorithm>
#include <cmath>

#include "../weights/number_format.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/random.hpp"

namespace coterie {

const Tensor& FileWeights::take(const std::string& name, const std::vector<std::int64_t>& shape, Role, std::int64_t) {
  const Tensor* tensor = file_.find(name);
  if (tensor == nullptr) {
    const std::string nearest = nearest_name(name, left_over());
    throw FileError(file_.path(), fmt::format("has no tensor '{}'{}; is it a file for another backbone?", name,
                                              nearest.empty() ? "" : fmt::format(" (nearest: '{}')", nearest)));
  }
  if (tensor->shape != shape)
    throw FileError(file_.path(), fmt::format("tensor '{}' has shape [{}], [{}] is wanted", name,
                                              fmt::join(tensor->shape, ", "), fmt::join(shape, ", ")));
  taken_.insert(name);
  return *tensor;
}

void FileWeights::expect_all_taken() const {
  const auto extra = left_over();
  if (!extra.empty())
    throw FileError(file_.path(),
                    fmt::format("holds {} tensors that this backbone does not have, the first '{}'; is it a "
                                "file for another backbone?",
                                extra.size(), extra.front()));
}

bool FileWeights::is_ignored(const std::string& name) const {
  return std::any_of(ignored_prefixes_.begin(), ignored_prefixes_.end(),
                     [&](const auto& p) { return name.starts_with(p); }) ||
         std::any_of(ignored_suffixes_.begin(), ignored_suffixes_.end(),
                     [&](const auto& s) { return name.ends_with(s); });
}

std::vector<std::string> FileWeights::left_over() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : file_.tensors())
    if (!taken_.contains(name) && !is_ignored(name)) names.push_back(name);
  return names;
}

RandomWeights::RandomWeights(std::uint64_t seed) : seed_(seed), weights_(fmt::format("random:{}", seed), "random") {}

const Tensor& RandomWeights::take(const std::string& name, const std::vector<std::int64_t>& shape, Role role,
                                  std::int64_t fan_in) {
  const Random random(seed_, Purpose::random_weights, static_cast<std::uint32_t>(weights_.tensors().size()));
  const double deviation = std::sqrt(2.0 / static_cast<double>(fan_in));
  Tensor tensor{shape,
                std::vector<float>(static_cast<std::size_t>(elements_of(shape)), role == Role::one ? 1.0f : 0.0f)};
  if (role == Role::kernel)
    for (std::size_t i = 0; i < tensor.values.size(); ++i)
      tensor.values[i] = static_cast<float>(deviation * random.normal(i));
  weights_.add(name, std::move(tensor));
  return *weights_.find(name);
}

}  // namespace coterie
