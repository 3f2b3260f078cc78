#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/report/chart.hpp"

namespace coterie::inline report {

/// Points of a plane, one for each image, each in the colour of its group, which `names` has in a key where it holds at
/// most 12; a group of -1 is grey. Without names all are of group 0. Of more than 20,000 points every second, third ...
/// is drawn. Throws InvalidArgument for vectors of different lengths.
Chart scatter_chart(const std::string& name, const std::string& title, const std::vector<double>& x,
                    const std::vector<double>& y, const std::vector<std::int32_t>& groups,
                    const std::vector<std::string>& names);

}  // namespace coterie::inline report
