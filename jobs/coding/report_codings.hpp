#pragma once

#include "coding/coding_tables.hpp"
#include "coterie/report/report.hpp"

namespace coterie::jobs {

/// A coding as the study's report shows it; `link`: of its table from the report's folder, or "".
ReportCoding report_coding(const CodedStudy& study, const std::string& link);

/// Its charts: consistency of the clusters, and kappa of each two coders; those with nothing to draw are empty.
Chart coding_consistency_chart(const CodedStudy& study);
Chart coding_kappa_chart(const CodedStudy& study);

}  // namespace coterie::jobs
