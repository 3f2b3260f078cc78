#pragma once

#include <algorithm>
#include <cstdint>

#include "coterie/base/matrix_view.hpp"
#include "coterie/dist/row_partition.hpp"

namespace coterie::inline dist {

/// The one thing an algorithm reads: N rows of D float32 values in the images' global order. Rows of images that
/// could not be read do not appear; the caller keeps the mapping back to image numbers.
///
/// Any rank may read any rows, from any thread. All ranks see the same values.
class RowSource {
 public:
  virtual ~RowSource() = default;

  virtual std::int64_t rows() const = 0;
  virtual std::int64_t columns() const = 0;

  /// Copies rows [range.begin, range.end) to out, row-major, range.size() x columns(). Throws FileError when the
  /// store cannot deliver them.
  virtual void read(RowRange range, float* out) const = 0;

  /// Where these rows lie in memory, or nullptr when they have to be read: lets a kernel skip the copy.
  virtual const float* resident(RowRange) const { return nullptr; }
};

/// A matrix in memory, the same on every rank, as a row source. Keeps no copy: the matrix must outlive it.
class MemoryRows final : public RowSource {
 public:
  explicit MemoryRows(MatrixView<const float> matrix) : matrix_(matrix) {}

  std::int64_t rows() const override { return matrix_.rows; }
  std::int64_t columns() const override { return matrix_.columns; }
  void read(RowRange range, float* out) const override {
    std::copy(matrix_.row(range.begin), matrix_.row(range.end), out);
  }
  const float* resident(RowRange range) const override { return matrix_.row(range.begin); }

 private:
  MatrixView<const float> matrix_;
};

}  // namespace coterie::inline dist
