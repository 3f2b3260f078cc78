#pragma once

#include <iterator>
#include <string>

namespace coterie::inline report {

// Blue and vermilion are told apart in every common colour blindness (Okabe and Ito 2008), and these two shades
// keep a contrast of at least 3:1 on white and on the page's dark background alike.
inline constexpr char kBlue[] = "#2b7bba";
inline constexpr char kVermilion[] = "#cf6420";

inline auto append(std::string& out) { return std::back_inserter(out); }

/// Frame, grid and title that all charts share.
std::string axes(const std::string& title, const std::string& x, const std::string& y);

/// Unit for a large quantity's axis, so that its numbers stay short.
struct Unit {
  double size = 1;
  const char* name = "";
};

Unit unit_for(double largest);

/// Range and ticks of an axis: a little more than the data, ticks at multiples of 1, 2 or 5 times a power of ten,
/// about `ticks` of them and at least `least` apart.
std::string axis_range(char axis, double low, double high, int ticks, double least);

}  // namespace coterie::inline report
