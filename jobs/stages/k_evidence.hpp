#pragma once

#include <vector>

#include "command/job.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/artifacts/selection.hpp"

namespace coterie::jobs {

/// Measures what the options of select ask for. Collective. `classes`, on the root alone: labels of every row under
/// each metadata column; only the root's result has measures of them.
Selection gather_evidence(const Job& job, const ClusteringReader& clustering, const std::vector<Classes>& classes);

}  // namespace coterie::jobs
