#pragma once

#include <cstdint>
#include <iterator>
#include <string>

#include "coterie/report/chart.hpp"

namespace coterie::inline report {

// Blue and vermilion are distinct in every common colour blindness (Okabe and Ito 2008), and these two shades
// keep a contrast of at least 3:1 on white and on the page's dark background alike.
inline constexpr char kBlue[] = "#2b7bba";
inline constexpr char kVermilion[] = "#cf6420";

inline auto append(std::string& out) { return std::back_inserter(out); }

/// Frame, grid and title that all charts share. Title and names of the axes are broken into lines that fit the chart's
/// width and height, which are set before. With `marked` there is a line free between title and plot, for mark_text().
std::string axes(const Chart& chart, const std::string& x, const std::string& y, bool marked = false);

/// A vermilion point with words beside it, above the plot, where no curve can run through them; axes() left them room.
std::string mark_text(const Chart& chart, const std::string& text);

/// The text as a gnuplot expression, broken at blanks into lines of at most `most` characters; `lines` counts them.
std::string wrapped(const std::string& text, int most, int* lines = nullptr);

/// Unit for a large quantity's axis, so that its numbers stay short.
struct Unit {
  double size = 1;
  const char* name = "";
};

Unit unit_for(double largest);

/// How many ticks of an axis of whole numbers up to this one have room.
int k_ticks(std::int64_t largest);

/// Range and ticks of an axis: a little more than the data, ticks at multiples of 1, 2 or 5 times a power of ten,
/// about `ticks` of them and at least `least` apart.
std::string axis_range(char axis, double low, double high, int ticks, double least);

}  // namespace coterie::inline report
