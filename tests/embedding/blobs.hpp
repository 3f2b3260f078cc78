#pragma once

#include "test_rows.hpp"

namespace coterie {

/// Rows around `count` centres, in memory.
inline TestRows blobs(std::int64_t rows, std::int64_t columns, std::int64_t count, std::uint64_t seed = 1) {
  TestRows made(rows, columns, seed);
  const TestRows centres(count, columns, seed + 100);
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t c = 0; c < columns; ++c)
      made.at(i, c) = 0.5F * made.at(i, c) + 3 * centres.values[static_cast<std::size_t>(i % count * columns + c)];
  made.in_memory = true;
  return made;
}

}  // namespace coterie
