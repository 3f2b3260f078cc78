#include "stages/import_precision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "coterie/dist/own_blocks.hpp"

namespace coterie::jobs {
namespace {

constexpr std::int64_t kRowsAtOnce = 1024;
constexpr double kNothing = 1e-5;  // of a column's width: half the digits of a number that float32 holds well

}  // namespace

std::string precision_notice(const RowSource& rows) {
  const auto columns = static_cast<std::size_t>(rows.columns());
  std::vector<float> low(columns, std::numeric_limits<float>::infinity()), high(columns, -low.front()), buffer;
  for (std::int64_t first = 0; first < rows.rows(); first += kRowsAtOnce) {
    const RowRange range{first, std::min(first + kRowsAtOnce, rows.rows())};
    const float* row = rows_at(rows, range, buffer);
    for (std::int64_t i = 0; i < range.size(); ++i, row += columns)
      for (std::size_t c = 0; c < columns; ++c) low[c] = std::min(low[c], row[c]), high[c] = std::max(high[c], row[c]);
  }
  std::size_t worst = 0, count = 0;
  double share = 0;  // that half a unit in the last place is of the column's width
  for (std::size_t c = 0; c < columns; ++c) {
    const double width = double{high[c]} - double{low[c]};
    if (!(width > 0)) continue;
    const double here = 0x1p-24 * std::max(std::abs(double{low[c]}), std::abs(double{high[c]})) / width;
    if (here > kNothing) ++count;
    if (here > share) share = here, worst = c;
  }
  if (count == 0) return "";
  return fmt::format(
      "{} of {} columns lie far from zero and vary little: number {} holds {:.7g} to {:.7g}, which float32 rounds by "
      "up "
      "to {:.2g} % of that width. Where the file has more digits, subtract each column's mean before you save it: that "
      "changes neither distances nor a PCA of it",
      count, columns, worst, low[worst], high[worst], 100 * share);
}

}  // namespace coterie::jobs
