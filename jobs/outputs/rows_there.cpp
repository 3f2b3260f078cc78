#include "outputs/rows_there.hpp"

#include <algorithm>
#include <vector>

namespace coterie::jobs {

void each_row_there(const RowSource& source, const RowNames& names,
                    const std::function<void(std::size_t row, std::span<const float> values)>& visit) {
  constexpr std::int64_t kBlockRows = 4096;
  const auto columns = static_cast<std::size_t>(source.columns());
  std::vector<float> block;
  for (std::int64_t begin = 0; begin < source.rows(); begin += kBlockRows) {
    const RowRange range{begin, std::min(begin + kBlockRows, source.rows())};
    block.resize(static_cast<std::size_t>(range.size()) * columns);
    source.read(range, block.data());
    for (std::int64_t row = range.begin; row < range.end; ++row)
      if (names.there(row))
        visit(static_cast<std::size_t>(row),
              std::span(block).subspan(static_cast<std::size_t>(row - begin) * columns, columns));
  }
}

}  // namespace coterie::jobs
