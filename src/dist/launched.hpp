#pragma once

namespace coterie::inline dist {

/// Whether this rank is the one whose messages stand for all: the root, or, before MPI has begun, the one that its
/// launcher calls so.
bool speaks_for_all();

}  // namespace coterie::inline dist
