#pragma once

#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/embedding.hpp"
#include "stages/row_parent.hpp"

namespace coterie::jobs {

/// Of the map that is asked for: 2 or 3.
int map_dimensions(const Options& options);

/// What --init or --positions reads enters the recipe: a file by its digest, a map of the study as a parent. `made`:
/// the name of the map in the making, which cannot begin with itself. Collective.
void take_start(Job& job, const std::string& made);

/// The positions of --positions, one for each row of the parent. On the root.
Embedding placed_elsewhere(const Job& job, const RowParent& parent);

/// Where the rows begin, N x --dimensions, as --init says: principal components, random places, a file, or a map of the
/// study; the first coordinate with this deviation. `jitter`: what is added to each, as a share of it. Collective.
std::vector<double> start_of_map(const Job& job, const RowParent& parent, const RowSource& rows, double deviation,
                                 double jitter);

/// Leaves out, or refuses, what is only for tables of positions.
void settle_start(Options& options);

/// Refuses a file of --init or --positions that is not there.
void check_start(const Options& options);

/// --init as the recipe of a map has it; not the file, of which the recipe keeps the content alone.
void init_of_recipe(const Recipe& recipe, Options& options);

}  // namespace coterie::jobs
