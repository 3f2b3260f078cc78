#pragma once

#include <cstdint>
#include <vector>

#include "command/job.hpp"
#include "coterie/report/report.hpp"
#include "outputs/report_sources.hpp"
#include "outputs/solution_pictures.hpp"

namespace coterie::jobs {

inline constexpr int kUsualPictureColumns = 10;

/// What the page says of one number of clusters: what cluster and evaluate found.
ReportK evidence_for(const ReportSources& from, std::int64_t k);

/// What select measured, where evaluate did not.
void fill_selected(const ReportSources& from, std::vector<ReportK>& rows);

/// How classes were tested for being in a cluster more often than by chance.
void fill_excess_note(const ReportSources& from, std::int64_t k, Report& report);

/// The same images as montage's, with the same options.
ClusterPictures pictures_for(const Job& job, const ReportSources& from, std::int64_t k);

/// Its clusters with their names and pictures, silhouettes, and agreement with classes.
ReportSolution solution_for(const Job& job, const ReportSources& from, std::int64_t k);

}  // namespace coterie::jobs
