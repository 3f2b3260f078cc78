#pragma once

#include "coterie/report/report.hpp"
#include "outputs/report_sources.hpp"

namespace coterie::jobs {

/// How the report's artifacts were made, and the commands that lead to them and to this report, and no others: those of
/// the clustering's own generations, of all that they were made from, of its evaluation and selection, and of the
/// assignments and comparisons that the report shows. One rank.
void fill_history(const Job& job, const ReportSources& from, Report& report);

}  // namespace coterie::jobs
