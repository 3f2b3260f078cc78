#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/evaluation/agreement.hpp"

namespace coterie::inline evaluation {

/// A class that is more frequent in a cluster than among all rows.
struct OverRepresented {
  std::size_t table = 0;  ///< which of the crosstabs
  std::int64_t class_number = 0, cluster = 0;
  std::int64_t count = 0;         ///< rows of the class in the cluster
  std::int64_t class_size = 0;    ///< rows of the class
  std::int64_t cluster_size = 0;  ///< rows of the cluster whose class is known
  std::int64_t rows = 0;          ///< all whose class is known
  double lift = 0;                ///< share in the cluster by share among all rows
  double p_value = 0;             ///< one-sided, corrected for all pairs that were compared
};

struct OverRepresentationRule {
  std::int64_t least_rows = 5;  ///< of a class in a cluster; smaller classes and clusters are not compared at all
  double level = 0.05;          ///< of the corrected p-value
};

/// Of some crosstabs of one clustering (classes × clusters) the pairs of a class and a cluster that meet more often
/// than chance explains: by cluster, then by p-value, larger lift first where that is equal. Fisher's exact test,
/// one-sided (the upper tail of the hypergeometric distribution), corrected by Holm's method over all pairs of all
/// tables whose class and cluster have at least `least_rows`: fewer than `level` such results come by chance alone from
/// rows that are independent of each other. Rows of one series are not, so the result is a hint. Sources: Fisher,
/// Journal of the Royal Statistical Society 85 (1922); Holm, Scandinavian Journal of Statistics 6 (1979). A logarithm
/// of the gamma function for each pair, and a step for each row of the smaller of the two.
std::vector<OverRepresented> over_represented(std::span<const Contingency> tables,
                                              const OverRepresentationRule& rule = {});

/// How many pairs of a class and a cluster over_represented() compares.
std::int64_t compared_pairs(std::span<const Contingency> tables, const OverRepresentationRule& rule = {});

/// P(X >= count) of the rows of a class in a sample of `drawn` from `rows`, `class_size` of which are of the class.
/// Relative error below 1e-9 for up to 10^6 rows.
double hypergeometric_tail(std::int64_t count, std::int64_t class_size, std::int64_t drawn, std::int64_t rows);

}  // namespace coterie::inline evaluation
