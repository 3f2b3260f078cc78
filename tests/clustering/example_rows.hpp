#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "coterie/base/random.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie {

/// rows x columns values round `clusters` centres, the same on every rank.
inline std::vector<float> example_rows(std::int64_t rows, std::int64_t columns, std::int64_t clusters,
                                       double noise = 0.5, double offset = 0) {
  const Random centres(11, Purpose::test_data), around(12, Purpose::test_data), choice(13, Purpose::test_data);
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t cluster = choice.below(static_cast<std::uint64_t>(i), clusters);
    for (std::int64_t d = 0; d < columns; ++d)
      values.push_back(static_cast<float>(offset + centres.normal(static_cast<std::uint64_t>(cluster * columns + d)) +
                                          noise * around.normal(static_cast<std::uint64_t>(i * columns + d))));
  }
  return values;
}

/// The same rows, but never in memory: the way of a store that streams.
class StreamedRows final : public RowSource {
 public:
  explicit StreamedRows(MatrixView<const float> matrix) : rows_(matrix) {}
  std::int64_t rows() const override { return rows_.rows(); }
  std::int64_t columns() const override { return rows_.columns(); }
  void read(RowRange range, float* out) const override { rows_.read(range, out); }

 private:
  MemoryRows rows_;
};

/// Streamed rows that count how many of them are read, by all threads.
class CountedRows final : public RowSource {
 public:
  explicit CountedRows(MatrixView<const float> matrix) : rows_(matrix) {}
  std::int64_t rows() const override { return rows_.rows(); }
  std::int64_t columns() const override { return rows_.columns(); }
  void read(RowRange range, float* out) const override {
    read_ += range.size();
    rows_.read(range, out);
  }
  std::int64_t read_so_far() const { return read_; }

 private:
  MemoryRows rows_;
  mutable std::atomic<std::int64_t> read_ = 0;
};

inline MatrixView<const float> view(const std::vector<float>& values, std::int64_t columns) {
  return {values.data(), static_cast<std::int64_t>(values.size()) / columns, columns};
}

}  // namespace coterie
