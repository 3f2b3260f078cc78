#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/report/chart.hpp"

namespace coterie::inline report {

/// Of more points every second, third ... is drawn: an SVG of more is too large to open.
inline constexpr std::int64_t kMostChartPoints = 20000;

/// Points of a plane, one for each image, each in the colour of its group, which `names` has in a key where it holds at
/// most 12; a group of -1 is grey, and called `ungrouped`. Without names all are of group 0. Throws InvalidArgument for
/// vectors of different lengths.
Chart scatter_chart(const std::string& name, const std::string& title, const std::vector<double>& x,
                    const std::vector<double>& y, const std::vector<std::int32_t>& groups,
                    const std::vector<std::string>& names, const std::string& ungrouped = "none");

}  // namespace coterie::inline report
