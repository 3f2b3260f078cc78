#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/report/report.hpp"

namespace coterie::inline report {

/// One line of a crosstab: the images of a class in each cluster.
struct CrosstabLine {
  std::string name;  ///< HTML
  std::vector<std::int64_t> counts;
  std::int64_t total = 0;
};

/// The classes by falling total (ties in the order given); beyond `most` the smallest are summed in one last line.
std::vector<CrosstabLine> crosstab_lines(const ReportAgreement& agreement, std::size_t most);

/// Classes down, clusters across, each cell shaded by the share of its class; at most 30 classes and the rest.
std::string crosstab_html(const ReportAgreement& agreement);

/// The text on a ground that is the darker, the larger the share in [0, 1]; "0" on none.
std::string shaded(double share, const std::string& text);

/// The class's name as HTML; "(none)" for the empty one.
std::string class_text(const std::string& name);

}  // namespace coterie::inline report
