#pragma once

#include <string>

#include "command/job.hpp"
#include "coterie/store/foreign_matrix.hpp"

namespace coterie::jobs {

/// The rows that a stage works on: those of a reduction, with --raw the features themselves, or those of a map.
struct RowParent {
  std::string features;   ///< at the root of it
  std::string reduction;  ///< empty where the features were taken raw
  std::string map;        ///< empty where it is no map

  const std::string& name() const { return !map.empty() ? map : !reduction.empty() ? reduction : features; }
};

/// By --features, --reduction and --raw, the newest where none is named. Collective.
RowParent take_row_parent(Job& job);

/// All rows of it, in memory; of no map. Collective.
OwnedRows read_rows(const Job& job, const RowParent& parent);

/// Refuses options that contradict each other.
void check_row_parent(const Options& options);

}  // namespace coterie::jobs
