#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace coterie::inline evaluation {

/// Of a row that has no label.
inline constexpr std::int32_t kNoLabel = -1;

/// How often label i of one labelling meets label j of another: a crosstab.
struct Contingency {
  std::int64_t rows = 0;             ///< labels of the first: 0 .. rows-1
  std::int64_t columns = 0;          ///< labels of the second
  std::vector<std::int64_t> counts;  ///< rows x columns, row-major

  std::int64_t at(std::int64_t i, std::int64_t j) const { return counts[static_cast<std::size_t>(i * columns + j)]; }
};

/// The table has a row and a column for each label up to the largest, and at least `rows` and `columns` of them: labels
/// that no row carries keep their place. A row whose label is kNoLabel in one of the two is left out. Throws
/// InvalidArgument when the sizes differ or another label is negative.
Contingency contingency(std::span<const std::int32_t> first, std::span<const std::int32_t> second,
                        std::int64_t rows = 0, std::int64_t columns = 0);

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

/// From the table alone, in double on exact counts: safe for 10^8 rows and more. One pass over the table, and for the
/// adjusted mutual information some standard deviations of steps (a logarithm each) for each two different sizes of
/// clusters, not each two clusters: 3,000 x 3,000 labels of 50,000 rows take 0.05 s.
/// Throws InvalidArgument for a table without rows of data.
/// Sources: Hubert, Arabie, "Comparing partitions" (1985); Vinh, Epps, Bailey, JMLR 11 (2010); Rosenberg,
/// Hirschberg, EMNLP-CoNLL (2007).
Agreement agreement(const Contingency& table);

/// The adjusted Rand index alone, without a table: a few steps for each row and each label, 8 bytes a label and 4 a
/// row. The same as agreement()'s but for rounding. Leaves out rows as contingency() does, and throws InvalidArgument
/// as it does and when there are no rows.
double adjusted_rand_index(std::span<const std::int32_t> first, std::span<const std::int32_t> second);

}  // namespace coterie::inline evaluation
