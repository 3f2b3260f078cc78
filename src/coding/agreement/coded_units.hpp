#pragma once

#include <vector>

#include "coterie/coding/codes.hpp"

namespace coterie::inline coding {

/// What was said of one unit.
struct CodedUnit {
  std::vector<double> counts;  ///< of each category
  double codes = 0;            ///< their sum
  double agreement = 0;        ///< share of pairs of codes that agree; 0 of a single code
};

/// The units that have at least so many codes, in their order.
std::vector<CodedUnit> coded_units(const Codes& codes, std::int64_t at_least);

}  // namespace coterie::inline coding
