#pragma once

#include <string>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/report/chart.hpp"
#include "coterie/report/montage.hpp"
#include "coterie/report/report.hpp"

namespace coterie::inline report {

struct PageOptions {
  /// Pictures as data: URIs, so that index.html alone can be mailed; else as files in FOLDER/pictures.
  bool single_file = true;
  bool chart_files = true;   ///< each chart as SVG, PDF and PNG, too, in FOLDER/figures, with links to them
  int thumbnail = 144;       ///< px of a picture's longer edge; shown at up to 112
  int jpeg_quality = 78;     ///< about 4 KB for a photograph
  int most_pictures = 1500;  ///< of the whole page, about 8 MB: folded solutions show fewer of each cluster, then none
};

/// All charts of a report in their order: "variance", "inertia", "silhouette", "gap", "bootstrap", "bic", "tree",
/// "comparison-1", then for each solution "k8-sizes" and "k8-silhouettes" ("k8-2-…" for the second solution with 8
/// clusters). Those with nothing to draw are left out.
std::vector<Chart> report_charts(const Report& report);

/// Writes FOLDER/index.html (made if missing): one page that needs no network and no script, readable on a phone and
/// printable, well-formed as XML too. Pictures come from `read` and are drawn once for each path, by the pool, as are
/// the charts; an unreadable one becomes a crossed square.
///
/// Throws Error when the report contradicts itself (statuses that do not add up to the list, clusters whose sizes do
/// not add up alike in all solutions, a crosstab of another shape or with more images than its cluster), when gnuplot
/// is missing, and FileError.
void write_report(const Report& report, const ImageReader& read, const std::string& folder, ThreadPool& pool,
                  const PageOptions& options = {});

}  // namespace coterie::inline report
