#pragma once

#include <cstdint>
#include <vector>

namespace coterie::jobs {

/// Unit rows in a latent space of 48 dimensions in which 150 clusters overlap, as network features do: what a rehearsal
/// clusters. A row depends on its number and on the columns alone.
class MadeUpRows {
 public:
  explicit MadeUpRows(std::int64_t columns);

  /// Row `row`, `columns` values; 48 columns multiply-adds. Thread-safe.
  void fill(std::int64_t row, float* out) const;

 private:
  static constexpr std::int64_t kLatent = 48;
  std::int64_t columns_;
  std::vector<float> directions_;  ///< kLatent x columns
};

}  // namespace coterie::jobs
