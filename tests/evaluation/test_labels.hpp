#pragma once

#include <vector>

#include "coterie/evaluation/labelling.hpp"
#include "test_rows.hpp"

namespace coterie {

/// A labelling that owns its labels.
struct TestLabels {
  std::vector<std::int32_t> values;
  std::int64_t clusters = 0;

  /// From a file of tests/data/numbers.
  explicit TestLabels(const std::string& name) : values(read_npy<std::int32_t>(TestRows::reference_path(name))) {
    clusters = *std::max_element(values.begin(), values.end()) + 1;
  }
  /// Uniformly random.
  TestLabels(std::int64_t rows, std::int64_t count, std::uint64_t seed = 5) : clusters(count) {
    const Random random(seed, Purpose::test_data);
    for (std::int64_t i = 0; i < rows; ++i)
      values.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(i), count)));
  }
  operator Labelling() const { return {values, clusters}; }
};

}  // namespace coterie
