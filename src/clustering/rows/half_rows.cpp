#include "rows/half_rows.hpp"

#include <algorithm>
#include <cmath>

#include "rows/panel_kernel.hpp"

namespace coterie::inline clustering {

HalfRows::HalfRows(std::int64_t rows, std::int64_t columns)
    : columns_(columns),
      values_(static_cast<std::size_t>(rows * columns)),
      scales_(static_cast<std::size_t>(rows)),
      errors_(scales_.size()),
      spreads_(scales_.size()) {}

void HalfRows::encode(std::int64_t row, const float* values, const float* middle) {
  const auto at = static_cast<std::size_t>(row);
  float largest = 0;
  for (std::int64_t d = 0; d < columns_; ++d) largest = std::max(largest, std::abs(values[d] - middle[d]));
  int exponent = 0;
  std::frexp(largest, &exponent);  // largest < 2^exponent
  constexpr int kTop = 15;         // halves reach just below 2^16
  scales_[at] = largest > 0 ? std::ldexp(1.0F, std::max(exponent - kTop, -100)) : 1.0F;
  std::uint16_t* const out = values_.data() + row * columns_;
  to_half(values, middle, 1 / scales_[at], columns_, out);
  std::vector<float> kept(static_cast<std::size_t>(columns_));
  decode(row, middle, kept.data());
  errors_[at] = static_cast<float>(std::sqrt(squared_distance(values, kept.data(), columns_)) * (1 + 0x1p-22));
  spreads_[at] = static_cast<float>(squared_distance(kept.data(), middle, columns_));
}

void HalfRows::decode(std::int64_t row, const float* middle, float* values) const {
  from_half(values_.data() + row * columns_, middle, scales_[static_cast<std::size_t>(row)], columns_, values);
}

}  // namespace coterie::inline clustering
