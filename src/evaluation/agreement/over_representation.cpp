#include "coterie/evaluation/over_representation.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "agreement/margins.hpp"
#include "coterie/base/errors.hpp"

namespace coterie::inline evaluation {
namespace {

// Of n!. std::lgamma writes a global sign, which several threads may do at once.
double log_factorial(std::int64_t n) {
  int sign = 0;
  return lgamma_r(static_cast<double>(n) + 1, &sign);
}

double log_choose(std::int64_t n, std::int64_t k) { return log_factorial(n) - log_factorial(k) - log_factorial(n - k); }

std::int64_t large_enough(const std::vector<std::int64_t>& sizes, std::int64_t least) {
  return std::count_if(sizes.begin(), sizes.end(), [&](auto size) { return size >= least; });
}

/// The pairs of one table that meet more often than by chance, with p-values that are not corrected yet.
void add_candidates(std::size_t number, const Contingency& table, const OverRepresentationRule& rule,
                    std::vector<OverRepresented>& found) {
  const Margins margins = margins_of(table);
  for (std::int64_t i = 0; i < table.rows; ++i)
    for (std::int64_t j = 0; j < table.columns; ++j) {
      const std::int64_t count = table.at(i, j), of_class = margins.rows[static_cast<std::size_t>(i)],
                         of_cluster = margins.columns[static_cast<std::size_t>(j)];
      if (count < rule.least_rows) continue;
      const double lift = static_cast<double>(count) / static_cast<double>(of_cluster) *
                          static_cast<double>(margins.total) / static_cast<double>(of_class);
      if (lift <= 1) continue;
      found.push_back({number, i, j, count, of_class, of_cluster, margins.total, lift,
                       hypergeometric_tail(count, of_class, of_cluster, margins.total)});
    }
}

}  // namespace

double hypergeometric_tail(std::int64_t count, std::int64_t class_size, std::int64_t drawn, std::int64_t rows) {
  require(class_size >= 0 && class_size <= rows && drawn >= 0 && drawn <= rows,
          "hypergeometric_tail: a class of {} and a sample of {} among {} rows", class_size, drawn, rows);
  const std::int64_t least = std::max<std::int64_t>(0, class_size + drawn - rows), most = std::min(class_size, drawn);
  if (count <= least) return 1;
  if (count > most) return 0;
  double term =
      std::exp(log_choose(class_size, count) + log_choose(rows - class_size, drawn - count) - log_choose(rows, drawn));
  double sum = 0;
  for (std::int64_t i = count; i <= most; ++i) {
    sum += term;
    term *= static_cast<double>(class_size - i) / static_cast<double>(i + 1) * static_cast<double>(drawn - i) /
            static_cast<double>(rows - class_size - drawn + i + 1);
  }
  return std::min(sum, 1.0);
}

std::int64_t compared_pairs(std::span<const Contingency> tables, const OverRepresentationRule& rule) {
  std::int64_t pairs = 0;
  for (const auto& table : tables) {
    const Margins margins = margins_of(table);
    pairs += large_enough(margins.rows, rule.least_rows) * large_enough(margins.columns, rule.least_rows);
  }
  return pairs;
}

std::vector<OverRepresented> over_represented(std::span<const Contingency> tables, const OverRepresentationRule& rule) {
  require(rule.least_rows >= 1, "over_represented: at least {} rows; 1 is the least", rule.least_rows);
  std::vector<OverRepresented> found;
  for (std::size_t t = 0; t < tables.size(); ++t) add_candidates(t, tables[t], rule, found);
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.p_value < b.p_value; });
  auto left = static_cast<double>(compared_pairs(tables, rule));
  double before = 0;
  for (auto& pair : found) {
    pair.p_value = before = std::max(before, std::min(1.0, left * pair.p_value));
    --left;
  }
  std::erase_if(found, [&](const OverRepresented& pair) { return pair.p_value >= rule.level; });
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.cluster, a.p_value, -a.lift) < std::tuple(b.cluster, b.p_value, -b.lift);
  });
  return found;
}

}  // namespace coterie::inline evaluation
