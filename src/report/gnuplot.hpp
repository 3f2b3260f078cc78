#pragma once

#include <string>

namespace coterie::inline report {

/// Runs gnuplot on a script and returns what it writes to its standard output (the drawing, when the script sets a
/// terminal and no output). Throws Error when gnuplot is not installed or ends with an error.
std::string run_gnuplot(const std::string& script);

/// The text as a gnuplot string in single quotes, in which nothing is special but the quote itself: it becomes ’.
std::string gnuplot_quoted(const std::string& text);

/// The same as the label of a tic, which gnuplot takes for a format of numbers.
std::string gnuplot_tic(const std::string& text);

}  // namespace coterie::inline report
