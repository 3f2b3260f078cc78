#pragma once

#include <cstdint>
#include <vector>

#include "coterie/clustering/ward.hpp"

namespace coterie::inline clustering {

/// The same tree from merges in the order in which they were made, any order in which parts come before wholes: sorted
/// by distance, equal ones as they came, and numbered anew. A merge that rounding put below one of its parts, by a few
/// units in the last place, is given that part's distance, so that parts stay before wholes.
WardTree ascending_tree(std::int64_t rows, std::vector<Merge> merges);

}  // namespace coterie::inline clustering
