#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "coterie/base/random.hpp"
#include "coterie/images/preprocess.hpp"
#include "nets/plan.hpp"

namespace coterie {

/// Standard normal values, other ones for each step.
inline std::vector<float> noise(std::int64_t count, std::uint32_t step) {
  const Random random(3, Purpose::test_data, step);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.normal(i));
  return values;
}

/// Sums of a standard deviation of about 3, so that each activation cuts some and leaves some.
inline Affine random_affine(std::int64_t kernel, std::int64_t outputs) {
  Affine affine{noise(kernel, 1), noise(outputs, 2)};
  for (float& value : affine.kernel) value *= 3 / std::sqrt(static_cast<float>(kernel / outputs));
  return affine;
}

/// What torchvision's state dict calls a convolution's tensors.
inline Parameters conv(const std::string& name) {
  Parameters parameters;
  parameters.kernel = name + ".weight";
  parameters.bias = name + ".bias";
  return parameters;
}

/// Levels as decoding might give.
inline Levels random_levels(const Preprocess& steps, std::int64_t count) {
  const Random random(3, Purpose::test_data, 7);
  Levels levels;
  resize_levels(levels, steps, count);
  for (std::size_t i = 0; i < levels.bytes.size(); ++i)
    levels.bytes[i] = static_cast<std::uint8_t>(random.below(i, 256));
  for (std::size_t i = 0; i < levels.floats.size(); ++i) levels.floats[i] = static_cast<float>(255 * random.uniform(i));
  return levels;
}

inline double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += static_cast<double>(a[i]) * b[i];
    aa += static_cast<double>(a[i]) * a[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  return ab / std::sqrt(aa * bb);
}

inline double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    norm += static_cast<double>(b[i]) * b[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace coterie
