#pragma once

#include <string>

#include "coterie/dist/row_source.hpp"

namespace coterie::jobs {

/// What float32 has rounded away where columns lie far from zero beside how much they vary, and the way out; empty
/// where it is nothing to speak of: at most 1e-5 of each column's width.
std::string precision_notice(const RowSource& rows);

}  // namespace coterie::jobs
