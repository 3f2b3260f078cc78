#include "coterie/evaluation/matching.hpp"

#include <algorithm>
#include <limits>

#include "coterie/base/errors.hpp"

namespace coterie::inline evaluation {
namespace {

constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 2;

/// Shortest augmenting paths over a table of rows <= columns, in costs (largest count - count) >= 0. Prices keep
/// slack(i, j) = cost(i, j) - row_price(i) - column_price(j) >= 0, and 0 in matched cells.
class ShortestPaths {
 public:
  ShortestPaths(std::int64_t rows, std::int64_t columns, std::vector<std::int64_t> costs)
      : rows_(static_cast<std::size_t>(rows)),
        columns_(static_cast<std::size_t>(columns)),
        costs_(std::move(costs)),
        row_prices_(rows_),
        column_prices_(columns_),
        column_of_(rows_, -1),
        row_of_(columns_, -1),
        distance_(columns_),
        open_(columns_),
        from_(columns_) {}

  const std::vector<std::int64_t>& run() {
    match_cheapest();
    for (std::size_t i = 0; i < rows_; ++i)
      if (column_of_[i] < 0) augment(i);
    return column_of_;
  }

 private:
  const std::int64_t* costs_of(std::size_t i) const { return costs_.data() + i * columns_; }

  /// Each row takes its cheapest column if that is free: most rows, where two labellings agree.
  void match_cheapest() {
    for (std::size_t i = 0; i < rows_; ++i) {
      const std::int64_t* costs = costs_of(i);
      const std::int64_t least = *std::min_element(costs, costs + columns_);
      row_prices_[i] = least;
      for (std::size_t j = 0; j < columns_; ++j)
        if (costs[j] == least && row_of_[j] < 0) {
          row_of_[j] = static_cast<std::int64_t>(i), column_of_[i] = static_cast<std::int64_t>(j);
          break;
        }
    }
  }

  /// Dijkstra's search from row `start` to the nearest free column; the path's matches are turned over. The columns
  /// not yet reached for good are kept together in open_, so that a step's loop has no branch but the minimum's.
  void augment(std::size_t start) {
    std::size_t open = columns_;
    for (std::size_t j = 0; j < columns_; ++j) open_[j] = j;
    std::fill(distance_.begin(), distance_.end(), kFar);
    reached_.clear();
    std::size_t row = start;
    std::int64_t at = 0;
    while (true) {
      const std::int64_t* costs = costs_of(row);
      const std::int64_t offset = at - row_prices_[row];
      std::int64_t least = kFar;
      std::size_t nearest = 0;
      for (std::size_t o = 0; o < open; ++o) {
        const std::size_t j = open_[o];
        const std::int64_t through = offset + costs[j] - column_prices_[j];
        if (through < distance_[j]) distance_[j] = through, from_[j] = row;
        // Among equals a free column ends the search at once.
        if (distance_[j] < least || (distance_[j] == least && row_of_[j] < 0)) least = distance_[j], nearest = o;
      }
      const std::size_t j = open_[nearest];
      at = least;
      if (row_of_[j] < 0) return turn_over(start, j, at);
      open_[nearest] = open_[--open];
      reached_.push_back(j);
      row = static_cast<std::size_t>(row_of_[j]);
    }
  }

  void turn_over(std::size_t start, std::size_t free_column, std::int64_t length) {
    row_prices_[start] += length;
    for (const std::size_t j : reached_) {
      row_prices_[static_cast<std::size_t>(row_of_[j])] += length - distance_[j];
      column_prices_[j] -= length - distance_[j];
    }
    std::size_t column = free_column;
    while (true) {
      const std::size_t row = from_[column];
      row_of_[column] = static_cast<std::int64_t>(row);
      const std::int64_t before = column_of_[row];
      column_of_[row] = static_cast<std::int64_t>(column);
      if (row == start) return;
      column = static_cast<std::size_t>(before);
    }
  }

  std::size_t rows_, columns_;
  std::vector<std::int64_t> costs_;
  std::vector<std::int64_t> row_prices_, column_prices_, column_of_, row_of_, distance_;
  std::vector<std::size_t> open_, from_, reached_;
};

}  // namespace

Matching best_matching(const Contingency& table) {
  require(table.rows >= 0 && table.columns >= 0 && std::ssize(table.counts) == table.rows * table.columns,
          "a table of {} x {} with {} counts", table.rows, table.columns, table.counts.size());
  Matching result;
  result.partner.assign(static_cast<std::size_t>(table.rows), -1);
  if (table.counts.empty()) return result;
  const std::int64_t most = std::ranges::max(table.counts);
  const bool tall = table.rows > table.columns;
  const std::int64_t rows = tall ? table.columns : table.rows, columns = tall ? table.rows : table.columns;
  std::vector<std::int64_t> costs(table.counts.size());
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      costs[static_cast<std::size_t>(i * columns + j)] = most - (tall ? table.at(j, i) : table.at(i, j));
  ShortestPaths assignment(rows, columns, std::move(costs));
  const std::vector<std::int64_t>& partner = assignment.run();
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t j = partner[static_cast<std::size_t>(i)], row = tall ? j : i, column = tall ? i : j;
    result.partner[static_cast<std::size_t>(row)] = column;
    result.matched += table.at(row, column);
  }
  return result;
}

}  // namespace coterie::inline evaluation
