#pragma once

#include <string>

#include "coterie/report/report.hpp"
#include "outputs/report_sources.hpp"

namespace coterie::jobs {

/// Writes the report's numbers as tables into FOLDER/tables, and enters them into the report: `evaluation.csv` (a row
/// for each k), `agreement.csv` (for each k and metadata column), and of each shown solution `clusters-kK.csv`,
/// `crosstab-kK-COLUMN.csv` and `over_represented-kK.csv`. One rank.
void write_report_tables(const std::string& folder, const ReportSources& from, Report& report);

}  // namespace coterie::jobs
