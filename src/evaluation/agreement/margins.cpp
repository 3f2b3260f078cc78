#include "agreement/margins.hpp"

namespace coterie::inline evaluation {

Margins margins_of(const Contingency& table) {
  Margins m{std::vector<std::int64_t>(static_cast<std::size_t>(table.rows)),
            std::vector<std::int64_t>(static_cast<std::size_t>(table.columns)), 0};
  for (std::int64_t i = 0; i < table.rows; ++i)
    for (std::int64_t j = 0; j < table.columns; ++j) {
      m.rows[static_cast<std::size_t>(i)] += table.at(i, j);
      m.columns[static_cast<std::size_t>(j)] += table.at(i, j);
      m.total += table.at(i, j);
    }
  return m;
}

}  // namespace coterie::inline evaluation
