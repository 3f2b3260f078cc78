#pragma once

#include <cstdint>
#include <vector>

#include "coterie/evaluation/agreement.hpp"

namespace coterie::inline evaluation {

/// The sums of a crosstab's rows and columns.
struct Margins {
  std::vector<std::int64_t> rows, columns;
  std::int64_t total = 0;
};

Margins margins_of(const Contingency& table);

}  // namespace coterie::inline evaluation
