#pragma once

#include <cstdint>
#include <vector>

#include "coterie/evaluation/agreement.hpp"

namespace coterie {

/// Which label of the second labelling is called what in the first.
struct Matching {
  std::vector<std::int64_t> partner;  ///< of each row of the table: its column, or -1 where there are fewer columns
  std::int64_t matched = 0;           ///< rows of the data that lie in matched cells: the most there can be
};

/// The one-to-one matching of labels with the most rows in common (Kuhn 1955; shortest augmenting paths, Jonker &
/// Volgenant 1987). Among equals a fixed one. O(min^2 max) steps for a table of min x max labels.
Matching best_matching(const Contingency& table);

}  // namespace coterie
