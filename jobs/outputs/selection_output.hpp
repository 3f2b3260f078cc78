#pragma once

#include <string>
#include <vector>

#include "coterie/artifacts/clustering.hpp"
#include "coterie/artifacts/selection.hpp"
#include "coterie/report/chart.hpp"

namespace coterie::jobs {

/// FOLDER/k_selection.csv, a row for each k, and FOLDER/k_measures.csv, a row for each measure. They say what the
/// artifact says and nothing else.
void write_selection_tables(const std::string& folder, const Selection& selection);

/// A chart of each measure, the tree where there is one, and the silhouettes of each k where they are kept.
std::vector<Chart> selection_charts(const Selection& selection, const ClusteringReader& clustering);

}  // namespace coterie::jobs
