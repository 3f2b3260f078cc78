#pragma once

#include "coterie/images/listing.hpp"
#include "coterie/study/options.hpp"

namespace coterie::jobs {

/// Takes over what the options of a command say of reading lists: --path-column and --encoding, and of those that it
/// has --root and --by-content.
void take_list_options(const Options& from, ListingOptions& options);

}  // namespace coterie::jobs
