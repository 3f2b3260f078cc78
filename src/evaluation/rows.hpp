#pragma once

#include <cstddef>
#include <vector>

#include "coterie/dist/row_source.hpp"

namespace coterie {

/// These rows where they lie in memory, or else read into `buffer`, which grows as needed.
inline const float* rows_at(const RowSource& source, RowRange range, std::vector<float>& buffer) {
  if (const float* there = source.resident(range)) return there;
  buffer.resize(static_cast<std::size_t>(range.size() * source.columns()));
  source.read(range, buffer.data());
  return buffer.data();
}

}  // namespace coterie
