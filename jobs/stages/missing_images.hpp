#pragma once

#include "coterie/artifacts/images.hpp"
#include "stages/scan_together.hpp"

namespace coterie::jobs {

/// Of a list whose paths lead to no files: throws InvalidArgument where that are all, else says how many; each time
/// with the first path that was tried, the likely cause and what helps. Nothing where all files are there. The root.
void tell_missing(const Job& job, const ScannedList& scanned);

/// Looks for some of these images of the list, evenly spread. Throws FileError, with what may have become of them,
/// where not one is there any more: deleted, moved, not mounted. The root.
void require_some_there(const Job& job, const ImageTable& table, const std::vector<std::int64_t>& images);

}  // namespace coterie::jobs
