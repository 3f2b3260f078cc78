#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"

namespace coterie::inline reduction {

/// What is done to rows before they are compared.
enum class Normalise {
  none,
  standard,  ///< each column to mean 0 and population standard deviation 1 (scikit-learn's StandardScaler)
  l2,        ///< each row to Euclidean length 1; a row of zeros stays one
};

/// Statistics of each column, the same bits on any number of ranks and threads.
struct ColumnStatistics {
  std::vector<double> mean;   ///< size D
  std::vector<double> scale;  ///< size D: population standard deviation, 1 where the column is constant
  std::vector<std::int64_t> constant_columns;  ///< numbers of the columns whose values are all equal, ascending
};

/// Three passes over the rows of this rank (range, sums, squared deviations), N * D * 4 bytes each. Within a fixed
/// block of 1024 rows sums are plain double, across blocks exact.
///
/// `rows` says whether the statistics are of the values as they are (none) or of rows normalised to length 1 (l2).
/// Without `with_scale` the third pass is saved and `scale` stays empty.
/// Collective. Throws InvalidArgument, on every rank alike, when there are no rows, or for the first row that holds
/// NaN or infinity, with its number.
ColumnStatistics column_statistics(const RowSource& source, Normalise rows, const Communicator& comm, ThreadPool& pool,
                                   bool with_scale = true);

/// 1 / the Euclidean length of one row, summed in double in a fixed order; 0 for a row of zeros.
double inverse_length(const float* row, std::int64_t columns);

/// Another source's rows, normalised as they are read and rounded to float32: nothing is kept, so that it streams.
/// The source must outlive it. Safe from several threads if the source is.
class NormalisedRows final : public RowSource {
 public:
  /// none or l2.
  NormalisedRows(const RowSource& source, Normalise normalise);

  /// standard, with the statistics of `source`'s columns.
  NormalisedRows(const RowSource& source, ColumnStatistics statistics);

  std::int64_t rows() const override { return source_.rows(); }
  std::int64_t columns() const override { return source_.columns(); }
  void read(RowRange range, float* out) const override;
  const float* resident(RowRange range) const override;

 private:
  const RowSource& source_;
  Normalise normalise_;
  ColumnStatistics statistics_;
};

}  // namespace coterie::inline reduction
