#include "labelling_agreement.hpp"

#include <algorithm>
#include <span>

namespace coterie::inline clustering {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 24;  // 128 MiB of count tables at a time

double pairs(std::int64_t count) { return 0.5 * static_cast<double>(count) * static_cast<double>(count - 1); }

double adjusted_rand_index(std::span<const std::int64_t> table, std::int64_t k) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(k)), columns(rows);
  double together = 0, in_rows = 0, in_columns = 0;
  std::int64_t total = 0;
  for (std::size_t a = 0; a < rows.size(); ++a)
    for (std::size_t b = 0; b < columns.size(); ++b) {
      const std::int64_t count = table[a * columns.size() + b];
      together += pairs(count);
      rows[a] += count;
      columns[b] += count;
      total += count;
    }
  for (const auto count : rows) in_rows += pairs(count);
  for (const auto count : columns) in_columns += pairs(count);
  if (total < 2) return 1;
  const double expected = in_rows * in_columns / pairs(total), most = 0.5 * (in_rows + in_columns);
  return most == expected ? 1 : (together - expected) / (most - expected);  // equal: both all in one, or all apart
}

}  // namespace

std::vector<double> pairwise_agreement(const std::vector<std::vector<std::int32_t>>& labellings, std::int64_t k,
                                       const Communicator& comm, ThreadPool& pool) {
  const auto count = static_cast<std::int64_t>(labellings.size());
  const auto cells = static_cast<std::size_t>(k * k), size = static_cast<std::size_t>(count);
  std::vector<double> agreement(size * size, 1.0);
  // One labelling against some later ones at a time: bounds the memory to a few count tables.
  const auto at_once = std::max(std::size_t{1}, kMostCells / cells);
  for (std::size_t a = 0; a + 1 < size; ++a)
    for (std::size_t first = a + 1; first < size; first += at_once) {
      const auto here = std::min(at_once, size - first);
      std::vector<std::int64_t> tables(cells * here);
      pool.for_each(static_cast<std::int64_t>(here), [&](std::int64_t offset, int) {
        const auto& other = labellings[first + static_cast<std::size_t>(offset)];
        std::int64_t* const table = tables.data() + static_cast<std::size_t>(offset) * cells;
        for (std::size_t i = 0; i < other.size(); ++i) ++table[labellings[a][i] * k + other[i]];
      });
      comm.sum(std::span(tables));
      for (std::size_t b = first; b < first + here; ++b) {
        const auto table = std::span<const std::int64_t>(tables).subspan((b - first) * cells, cells);
        agreement[a * size + b] = agreement[b * size + a] = adjusted_rand_index(table, k);
      }
    }
  return agreement;
}

double mean_over_pairs(const std::vector<double>& agreement, int labellings) {
  if (labellings < 2) return 1;
  double sum = -labellings;  // the diagonal
  for (const double value : agreement) sum += value;
  return sum / (static_cast<double>(labellings) * (labellings - 1));
}

}  // namespace coterie::inline clustering
