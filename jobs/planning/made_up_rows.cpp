#include "planning/made_up_rows.hpp"

#include <algorithm>
#include <cmath>

#include "coterie/base/random.hpp"

namespace coterie::jobs {

MadeUpRows::MadeUpRows(std::int64_t columns) : columns_(columns) {
  const Random draw(1, Purpose::test_data, 1);
  for (std::int64_t i = 0; i < kLatent * columns; ++i)
    directions_.push_back(static_cast<float>(draw.uniform(static_cast<std::uint64_t>(i)) - 0.5));
}

void MadeUpRows::fill(std::int64_t row, float* out) const {
  const Random centres(1, Purpose::test_data, 2), noise(1, Purpose::test_data, 3);
  const auto number = static_cast<std::uint64_t>(row);
  const auto cluster = static_cast<std::uint64_t>(150 * std::pow(noise.uniform(number), 1.5));
  std::fill(out, out + columns_, 0.0f);
  for (std::int64_t j = 0; j < kLatent; ++j) {
    const auto place = static_cast<std::uint64_t>(j);
    const double value =
        centres.uniform(cluster * kLatent + place) - 0.5 + 0.6 * (noise.uniform((1 + number) * 64 + place) - 0.5);
    const auto scaled = static_cast<float>(value * std::pow(1.0 + static_cast<double>(j), -0.3));
    const float* direction = directions_.data() + j * columns_;
    for (std::int64_t c = 0; c < columns_; ++c) out[c] += scaled * direction[c];
  }
  float length = 0;
  for (std::int64_t c = 0; c < columns_; ++c) length += out[c] * out[c];
  for (std::int64_t c = 0; c < columns_; ++c) out[c] /= std::max(std::sqrt(length), 1e-30f);
}

}  // namespace coterie::jobs
