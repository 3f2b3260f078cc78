#pragma once

#include <map>
#include <string>
#include <vector>

#include "coterie/report/page.hpp"

namespace coterie::inline report {

/// Up to <main>. The policy lets nothing run and nothing be fetched, whatever a file name may smuggle in.
std::string page_head(const std::string& title);

/// From </main> on.
std::string page_foot();

/// Each chart's name -> its <figure>; with options.chart_files also files in FOLDER/figures, and links to them.
std::map<std::string, std::string> draw_figures(const std::vector<Chart>& charts, const std::string& folder,
                                                const PageOptions& options, ThreadPool& pool);

}  // namespace coterie::inline report
