#pragma once

#include <string>
#include <vector>

namespace coterie::jobs {

/// A text in which LaTeX's own characters stand for themselves.
std::string latex_text(const std::string& text);

/// Writes a tabular with booktabs' lines, to be taken into a paper with \input. Cells are texts, escaped here; the
/// first `texts` columns are set to the left, the others, numbers, to the right.
void write_latex_table(const std::string& path, const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows, std::size_t texts);

/// ".0094", "< .001": as journals print a p-value; "" of NaN.
std::string p_text(double p);

/// "***" below .001, "**" below .01, "*" below .05, "." below .1.
const char* p_stars(double p);

/// Three digits, "" of NaN.
std::string figure_text(double value);

}  // namespace coterie::jobs
