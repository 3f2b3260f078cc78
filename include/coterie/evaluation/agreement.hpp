#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace coterie {

/// How often label i of one labelling meets label j of another: a crosstab.
struct Contingency {
  std::int64_t rows = 0;             ///< labels of the first: 0 .. rows-1
  std::int64_t columns = 0;          ///< labels of the second
  std::vector<std::int64_t> counts;  ///< rows x columns, row-major

  std::int64_t at(std::int64_t i, std::int64_t j) const { return counts[static_cast<std::size_t>(i * columns + j)]; }
};

/// Throws InvalidArgument when the sizes differ or a label is negative.
Contingency contingency(std::span<const std::int32_t> first, std::span<const std::int32_t> second);

/// How well two labellings of the same rows agree; the first is the truth where that matters. All are 1 for equal
/// partitions whatever the labels are called; definitions and limits as in scikit-learn.
struct Agreement {
  double adjusted_rand = 0;           ///< 0 expected by chance
  double normalised_mutual_info = 0;  ///< arithmetic mean of the entropies
  double adjusted_mutual_info = 0;    ///< 0 expected by chance, arithmetic mean
  double homogeneity = 0;             ///< each cluster holds one class only
  double completeness = 0;            ///< each class lies in one cluster
  double v_measure = 0;               ///< harmonic mean of the two
  double purity = 0;                  ///< share of rows in their cluster's commonest class
};

/// From the table alone, in double on exact counts: safe for 10^8 rows and more. The adjusted mutual information
/// takes time of the order of (rows + columns) * N (a logarithm each): 0.1 s for 10^6 rows in 20 clusters.
/// Sources: Hubert, Arabie, "Comparing partitions" (1985); Vinh, Epps, Bailey, JMLR 11 (2010); Rosenberg,
/// Hirschberg, EMNLP-CoNLL (2007).
Agreement agreement(const Contingency& table);

}  // namespace coterie
