#pragma once

#include <cstdint>
#include <vector>

namespace coterie::inline clustering {

/// Rows in 16 bits a value, and how far each lies from what it stands for: enough to rule out most of what k-means
/// would ask of a row, never to decide in its place.
///
/// What is kept is (row - middle) in IEEE half precision, with a power of two for each row that makes its largest value
/// fit. Memory: 2 D + 12 bytes a row.
class HalfRows {
 public:
  static std::int64_t bytes(std::int64_t rows, std::int64_t columns) { return rows * (2 * columns + 12); }

  HalfRows() = default;
  HalfRows(std::int64_t rows, std::int64_t columns);
  bool empty() const { return errors_.empty(); }

  /// Takes a row's values. Safe from several threads for different rows.
  void encode(std::int64_t row, const float* values, const float* middle);

  /// The row as it is kept.
  void decode(std::int64_t row, const float* middle, float* values) const;

  /// A bound on the distance between the row and what decode() gives, and the squared distance of that to the middle.
  float error(std::int64_t row) const { return errors_[static_cast<std::size_t>(row)]; }
  float spread(std::int64_t row) const { return spreads_[static_cast<std::size_t>(row)]; }

 private:
  std::int64_t columns_ = 0;
  std::vector<std::uint16_t> values_;
  std::vector<float> scales_, errors_, spreads_;
};

}  // namespace coterie::inline clustering
