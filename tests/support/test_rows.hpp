#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "coterie/base/npy.hpp"
#include "coterie/base/random.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie {

/// A matrix of a test's own, from a file of tests/data/numbers or normally distributed. It is read block by block
/// like a file, unless `in_memory`.
class TestRows final : public RowSource {
 public:
  TestRows(std::int64_t rows, std::int64_t columns, std::uint64_t seed = 1)
      : values(static_cast<std::size_t>(rows * columns)), rows_(rows), columns_(columns) {
    const Random random(seed, Purpose::test_data);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(random.normal(i));
  }
  explicit TestRows(const std::string& name) {
    std::vector<std::int64_t> shape;
    values = read_npy<float>(reference_path(name), &shape);
    rows_ = shape.at(0), columns_ = shape.at(1);
  }

  static std::string reference_path(const std::string& name) {
    return std::string(COTERIE_SOURCE_DIR) + "/tests/data/numbers/" + name + ".npy";
  }

  std::int64_t rows() const override { return rows_; }
  std::int64_t columns() const override { return columns_; }
  void read(RowRange range, float* out) const override {
    std::copy(values.data() + range.begin * columns_, values.data() + range.end * columns_, out);
  }
  const float* resident(RowRange range) const override {
    return in_memory ? values.data() + range.begin * columns_ : nullptr;
  }
  float& at(std::int64_t i, std::int64_t j) { return values[static_cast<std::size_t>(i * columns_ + j)]; }

  std::vector<float> values;
  bool in_memory = false;

 private:
  std::int64_t rows_ = 0, columns_ = 0;
};

inline std::vector<double> reference(const std::string& name) {
  return read_npy<double>(TestRows::reference_path(name));
}

/// The largest difference of two vectors; infinity when their sizes differ.
inline double distance(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

}  // namespace coterie
