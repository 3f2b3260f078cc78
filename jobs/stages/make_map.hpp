#pragma once

#include <string>

#include "command/job.hpp"
#include "stages/row_parent.hpp"

namespace coterie::jobs {

/// What embed is asked for.
bool is_placed_map(const Options& options);  ///< a layout made elsewhere: --positions
bool is_umap_map(const Options& options);

/// Places the rows of the parent, says how good the map is, and writes it as the embeddings artifact `name`. Throws
/// Stopped where it was stopped; then the same goes on. Collective.
void make_map(const Job& job, const RowParent& parent, const std::string& name);

}  // namespace coterie::jobs
