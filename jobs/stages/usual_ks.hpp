#pragma once

#include <cstdint>
#include <vector>

#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"
#include "coterie/study/options.hpp"

namespace coterie::jobs {

/// The numbers of clusters that cluster tries with these options on so many rows: --k, else a range in which the
/// measures of select can have their best inside: 2 to 30, in small collections to a quarter of the rows.
std::vector<std::int64_t> ks_to_try(const Options& cluster, std::int64_t rows);

/// The same for rows that are there: the usual range ends at the number of distinct ones, as no clustering can have
/// more. Collective.
std::vector<std::int64_t> ks_to_try(const Options& cluster, const RowSource& rows, const Communicator& comm);

/// How many rows differ from one another, counted up to `most`; reads rows from the first until so many are found.
std::int64_t distinct_rows(const RowSource& rows, std::int64_t most);

}  // namespace coterie::jobs
