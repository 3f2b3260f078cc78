#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "coterie/artifacts/row_names.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::jobs {

/// Calls visit for each row that a table may speak of, in order, with its numbers in `source`, which is read block by
/// block. Throws as the source does.
void each_row_there(const RowSource& source, const RowNames& names,
                    const std::function<void(std::size_t row, std::span<const float> values)>& visit);

}  // namespace coterie::jobs
