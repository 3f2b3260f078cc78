#pragma once

#include <functional>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline dist {

/// These rows where they lie in memory, or else read into `buffer`, which grows as needed.
const float* rows_at(const RowSource& source, RowRange range, std::vector<float>& buffer);

/// visit(rows, worker, range) for a block of global rows.
using VisitRows = std::function<void(const float* rows, int worker, RowRange range)>;

/// The blocks of `block_rows` rows that this rank owns, shared out to the pool's threads. Collective only in how it
/// fails: an error on one rank is everybody's.
void visit_own_blocks(const RowSource& source, std::int64_t block_rows, const Communicator& comm, ThreadPool& pool,
                      const VisitRows& visit);

}  // namespace coterie::inline dist
