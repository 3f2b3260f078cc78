#pragma once

#include <vector>

#include "coterie/base/random.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie {

/// Rows in memory round 50 centres that overlap, to measure with.
class MadeUpRows final : public RowSource {
 public:
  MadeUpRows(std::int64_t rows, std::int64_t columns, std::uint64_t seed) : rows_(rows), columns_(columns) {
    constexpr std::int64_t kCentres = 50;
    const Random centres(seed, Purpose::test_data, 1), noise(seed, Purpose::test_data, 2);
    values_.resize(static_cast<std::size_t>(rows * columns));
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t d = 0; d < columns; ++d) {
        const auto centre = static_cast<std::uint64_t>(i % kCentres * columns + d);
        const auto at = static_cast<std::uint64_t>(i * columns + d);
        values_[at] = static_cast<float>(centres.uniform(centre) + noise.uniform(at));
      }
  }

  std::int64_t rows() const override { return rows_; }
  std::int64_t columns() const override { return columns_; }
  void read(RowRange range, float* out) const override {
    std::copy(values_.data() + range.begin * columns_, values_.data() + range.end * columns_, out);
  }
  const float* resident(RowRange range) const override { return values_.data() + range.begin * columns_; }

 private:
  std::int64_t rows_, columns_;
  std::vector<float> values_;
};

}  // namespace coterie
