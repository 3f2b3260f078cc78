#pragma once

#include <cstdint>
#include <vector>

#include "coterie/study/options.hpp"

namespace coterie::jobs {

/// The numbers of clusters that cluster tries with these options on so many rows: --k, else a range in which the
/// measures of select can have their best inside: 2 to 30, in small collections to a quarter of the rows.
std::vector<std::int64_t> ks_to_try(const Options& cluster, std::int64_t rows);

}  // namespace coterie::jobs
