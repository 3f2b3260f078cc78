#pragma once

#include <string>
#include <vector>

#include "coterie/artifacts/comparison.hpp"
#include "coterie/report/chart.hpp"

namespace coterie::jobs {

/// The share of the images, of those that have a label in both, that lie in matched labels.
double matched_share(const Comparison::Pair& pair);

/// "crosstab-A-by-B.csv" for each pair. What no file's name may hold becomes "-"; where that makes two the same, the
/// later in the comparison's order is numbered. Empty where there are more pairs than anybody opens files.
std::vector<std::string> crosstab_names(const Comparison& comparison);

/// PAIRS, a row for each pair, which names its crosstab; MATRIX, adjusted Rand indices of each two; and in FOLDER the
/// crosstabs. They say what the artifact says and nothing else.
void write_comparison_tables(const std::string& pairs, const std::string& matrix, const std::string& folder,
                             const Comparison& comparison);

/// Agreement of each two; empty where there are too many for one picture.
Chart comparison_chart(const Comparison& comparison);

}  // namespace coterie::jobs
