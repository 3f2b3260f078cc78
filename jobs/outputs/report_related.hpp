#pragma once

#include <functional>
#include <vector>

#include "coding/coding_tables.hpp"
#include "coterie/report/page.hpp"
#include "outputs/report_sources.hpp"

namespace coterie::jobs {

/// New images that were given to the clusters of the shown solution, comparisons that it is part of, and codings. Those
/// of another generation are left out, with a line that says so. One rank.
class RelatedResults {
 public:
  /// Fills in `training`, `assignments`, `comparisons` and `codings`; `shown` is the solution's number of clusters.
  void fill(const Job& job, const ReportSources& from, std::int64_t shown, Report& report);

  /// Of a study without a clustering: what people thought of its topics.
  void fill_topics(const Job& job, Report& report);

  /// Reads the pictures of new images with these options, and of everything else by `own`.
  ImageReader reader(const ImageReader& own, const DecodeOptions& options) const;

  /// What people thought of the shown solution, and of topics.
  const std::vector<CodedStudy>& codings() const { return codings_; }

  /// Picture's name -> where its image lies.
  const std::map<std::string, ImagePlace>& places() const { return places_; }

 private:
  void add_codings(const Job& job, const Manifest& manifest, const std::optional<NamesFile>& said,
                   const std::function<bool(const Coding&)>& shows, Report& report);
  void keep_last_rounds(Report& report);
  void add_assignment(const ReportSources& from, const std::string& name, Report& report);

  std::map<std::string, ImagePlace> places_;
  std::vector<CodedStudy> codings_;
};

}  // namespace coterie::jobs
