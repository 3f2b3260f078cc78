#include "coterie/evaluation/agreement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "agreement/margins.hpp"
#include "coterie/base/errors.hpp"

namespace coterie::inline evaluation {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

std::int64_t label_count(std::span<const std::int32_t> labels) {
  std::int32_t most = -1;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    require(labels[i] >= kNoLabel, "row {} has the label {}: labels count from 0", i, labels[i]);
    most = std::max(most, labels[i]);
  }
  return std::int64_t{most} + 1;
}

/// Ordered pairs of rows, both the same: n (n - 1), below 2^63 for n up to 3 * 10^9.
double pairs(const std::vector<std::int64_t>& counts) {
  double sum = 0;
  for (const std::int64_t n : counts) sum += static_cast<double>(n) * static_cast<double>(n - 1);
  return sum;
}

double adjusted_rand(double together, const Margins& m) {
  const double all = pairs({m.total}), in_rows = pairs(m.rows), in_columns = pairs(m.columns);
  if (in_rows == in_columns && together == in_rows) return 1;
  const double expected = in_rows / all * in_columns;
  return (together - expected) / ((in_rows + in_columns) / 2 - expected);
}

double entropy(const std::vector<std::int64_t>& counts, std::int64_t total) {
  double sum = 0;
  for (const std::int64_t n : counts) {
    const double share = static_cast<double>(n) / static_cast<double>(total);
    if (n > 0) sum -= share * std::log(share);
  }
  return std::max(sum, 0.0);
}

double mutual_info(const Contingency& table, const Margins& m) {
  const auto total = static_cast<double>(m.total);
  double sum = 0;
  for (std::int64_t i = 0; i < table.rows; ++i)
    for (std::int64_t j = 0; j < table.columns; ++j)
      if (const auto n = static_cast<double>(table.at(i, j)); n > 0)
        sum += n / total *
               (std::log(n) + std::log(total) - std::log(static_cast<double>(m.rows[static_cast<std::size_t>(i)])) -
                std::log(static_cast<double>(m.columns[static_cast<std::size_t>(j)])));
  return std::max(sum, 0.0);
}

/// Of one pair of margins a, b: the mean over random tables of n/N log(N n / (a b)), n hypergeometric. The
/// probabilities follow from one another, so that each step costs a logarithm and no gamma function; they start from
/// the mode and are divided by their sum, which is good to the last digits where factorials of large numbers are not.
/// They fall ever faster on both sides of the mode, so what lies beyond 1e-25 of it is nothing.
double expected_cell(double a, double b, double total) {
  const double first = std::max(0.0, a + b - total), last = std::min(a, b);
  const double mode = std::clamp(std::floor((a + 1) * (b + 1) / (total + 2)), first, last);
  constexpr double kNothing = 1e-25;
  const auto term = [&](double n, double p) { return n > 0 ? p * n / total * std::log(total * n / (a * b)) : 0; };
  double sum = term(mode, 1), weight = 1;
  for (double n = mode, p = 1; n < last && p > kNothing;) {
    p *= (a - n) / (n + 1) * ((b - n) / (total - a - b + n + 1));
    sum += term(++n, p), weight += p;
  }
  for (double n = mode, p = 1; n > first && p > kNothing;) {
    p *= n / (a - n + 1) * ((total - a - b + n) / (b - n + 1));
    sum += term(--n, p), weight += p;
  }
  return sum / weight;
}

/// How many clusters there are of each size; no more sizes than sqrt(2 N), and far fewer of thousands of clusters.
std::map<std::int64_t, std::int64_t> sizes_in(const std::vector<std::int64_t>& counts) {
  std::map<std::int64_t, std::int64_t> sizes;
  for (const std::int64_t n : counts)
    if (n > 0) ++sizes[n];
  return sizes;
}

double expected_mutual_info(const Margins& m) {
  const auto rows = sizes_in(m.rows), columns = sizes_in(m.columns);
  double sum = 0;
  for (const auto& [a, as] : rows)
    for (const auto& [b, bs] : columns)
      sum += static_cast<double>(as) * static_cast<double>(bs) *
             expected_cell(static_cast<double>(a), static_cast<double>(b), static_cast<double>(m.total));
  return sum;
}

double purity(const Contingency& table, std::int64_t total) {
  std::vector<std::int64_t> most(static_cast<std::size_t>(table.columns));
  for (std::int64_t i = 0; i < table.rows; ++i)
    for (std::int64_t j = 0; j < table.columns; ++j)
      most[static_cast<std::size_t>(j)] = std::max(most[static_cast<std::size_t>(j)], table.at(i, j));
  return static_cast<double>(std::accumulate(most.begin(), most.end(), std::int64_t{0})) / static_cast<double>(total);
}

}  // namespace

Contingency contingency(std::span<const std::int32_t> first, std::span<const std::int32_t> second, std::int64_t rows,
                        std::int64_t columns) {
  require(first.size() == second.size(), "labellings of {} and {} rows cannot be compared", first.size(),
          second.size());
  Contingency table{std::max(rows, label_count(first)), std::max(columns, label_count(second)), {}};
  table.counts.resize(static_cast<std::size_t>(table.rows * table.columns));
  for (std::size_t i = 0; i < first.size(); ++i)
    if (first[i] != kNoLabel && second[i] != kNoLabel)
      ++table.counts[static_cast<std::size_t>(first[i] * table.columns + second[i])];
  return table;
}

Agreement agreement(const Contingency& table) {
  const Margins m = margins_of(table);
  require(m.total >= 1, "there are no rows whose labels could agree");
  Agreement result;
  result.purity = purity(table, m.total);
  result.adjusted_rand = adjusted_rand(pairs(table.counts), m);
  const double first = entropy(m.rows, m.total), second = entropy(m.columns, m.total);
  const double shared = mutual_info(table, m), mean = (first + second) / 2;
  result.homogeneity = first > 0 ? shared / first : 1;
  result.completeness = second > 0 ? shared / second : 1;
  const double both = result.homogeneity + result.completeness;
  result.v_measure = both > 0 ? 2 * result.homogeneity * result.completeness / both : 0;
  if (std::ranges::count(m.rows, m.total) == 1 && std::ranges::count(m.columns, m.total) == 1) {  // one cluster each
    result.normalised_mutual_info = result.adjusted_mutual_info = 1;
    return result;
  }
  result.normalised_mutual_info = shared > kEpsilon ? shared / mean : 0;
  const double expected = expected_mutual_info(m), room = mean - expected;
  result.adjusted_mutual_info = (shared - expected) / (room < 0 ? std::min(room, -kEpsilon) : std::max(room, kEpsilon));
  return result;
}

double adjusted_rand_index(std::span<const std::int32_t> first, std::span<const std::int32_t> second) {
  require(first.size() == second.size(), "labellings of {} and {} rows cannot be compared", first.size(),
          second.size());
  if (std::ranges::count(first, kNoLabel) + std::ranges::count(second, kNoLabel) > 0) {
    std::vector<std::int32_t> one, other;
    for (std::size_t i = 0; i < first.size(); ++i) {
      if (first[i] == kNoLabel || second[i] == kNoLabel) continue;
      one.push_back(first[i]);
      other.push_back(second[i]);
    }
    return adjusted_rand_index(one, other);
  }
  Margins m{std::vector<std::int64_t>(static_cast<std::size_t>(label_count(first))),
            std::vector<std::int64_t>(static_cast<std::size_t>(label_count(second))), std::ssize(first)};
  require(m.total >= 1, "there are no rows whose labels could agree");
  for (const std::int32_t label : first) ++m.rows[static_cast<std::size_t>(label)];
  for (const std::int32_t label : second) ++m.columns[static_cast<std::size_t>(label)];
  // The second labels sorted by the first: cluster by cluster they fill one row of the table.
  std::vector<std::int64_t> next(m.rows.size()), counts(m.columns.size());
  std::exclusive_scan(m.rows.begin(), m.rows.end(), next.begin(), std::int64_t{0});
  std::vector<std::int32_t> sorted(second.size());
  for (std::size_t i = 0; i < first.size(); ++i)
    sorted[static_cast<std::size_t>(next[static_cast<std::size_t>(first[i])]++)] = second[i];
  double together = 0;
  auto begin = sorted.begin();
  for (const std::int64_t size : m.rows) {
    const auto end = begin + size;
    // The n-th row of a cell adds 2 (n - 1) ordered pairs.
    std::int64_t cells = 0;
    for (auto label = begin; label != end; ++label) cells += 2 * counts[static_cast<std::size_t>(*label)]++;
    for (auto label = begin; label != end; ++label) counts[static_cast<std::size_t>(*label)] = 0;
    together += static_cast<double>(cells);
    begin = end;
  }
  return adjusted_rand(together, m);
}

}  // namespace coterie::inline evaluation
