#pragma once

#include <cstdint>
#include <vector>

#include "coterie/evaluation/agreement.hpp"

namespace coterie::inline evaluation {

/// Which label of the second labelling is called what in the first.
struct Matching {
  std::vector<std::int64_t> partner;  ///< of each row of the table: its column, or -1 where there are fewer columns
  std::int64_t matched = 0;           ///< rows of the data that lie in matched cells: the most there can be
};

/// The one-to-one matching of labels with the most rows in common; among equals a fixed one. Needs 16 bytes for each
/// cell. O(min^2 max) steps for a table of min x max labels at worst; where the labellings agree, most labels find
/// their partner at first sight. Throws InvalidArgument for a table whose sizes do not fit its counts. Sources: Kuhn,
/// "The Hungarian method", Naval Research Logistics 2 (1955); shortest augmenting paths as in Jonker, Volgenant,
/// Computing 38 (1987).
Matching best_matching(const Contingency& table);

}  // namespace coterie::inline evaluation
