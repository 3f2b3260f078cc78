#pragma once

#include "coterie/report/page.hpp"
#include "outputs/report_sources.hpp"

namespace coterie::jobs {

/// New images that were given to the clusters of the shown solution, and comparisons that it is part of. Those of
/// another generation are left out, with a line that says so. One rank.
class RelatedResults {
 public:
  /// Fills in `training`, `assignments` and `comparisons`; `shown` is the solution's number of clusters.
  void fill(const Job& job, const ReportSources& from, std::int64_t shown, Report& report);

  /// Reads the pictures of new images with these options, and of everything else by `own`.
  ImageReader reader(const ImageReader& own, const DecodeOptions& options) const;

  /// Picture's name -> where its image lies.
  const std::map<std::string, ImagePlace>& places() const { return places_; }

 private:
  void add_assignment(const ReportSources& from, const std::string& name, Report& report);

  std::map<std::string, ImagePlace> places_;
};

}  // namespace coterie::jobs
