#include "coterie/reduction/standardise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "coterie/base/errors.hpp"
#include "coterie/dist/exact_scale.hpp"
#include "coterie/dist/own_blocks.hpp"

namespace coterie::inline reduction {
namespace {

constexpr std::int64_t kBlockRows = 1024;
constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

struct Extent {
  std::vector<double> low, high;
  std::int64_t first_bad = kNone;  ///< row * columns + column of the first value that is not finite
};

void widen(Extent& extent, const float* rows, RowRange range, bool l2) {
  const auto columns = static_cast<std::int64_t>(extent.low.size());
  for (std::int64_t i = range.begin; i < range.end; ++i, rows += columns) {
    const double factor = l2 ? inverse_length(rows, columns) : 1.0;
    bool finite = true;
    for (std::int64_t j = 0; j < columns; ++j) {
      const auto c = static_cast<std::size_t>(j);
      const double x = rows[j] * factor;
      extent.low[c] = x < extent.low[c] ? x : extent.low[c];
      extent.high[c] = x > extent.high[c] ? x : extent.high[c];
      finite &= std::abs(rows[j]) <= std::numeric_limits<float>::max();
    }
    for (std::int64_t j = 0; !finite && j < columns; ++j)
      if (!std::isfinite(rows[j])) extent.first_bad = std::min(extent.first_bad, i * columns + j), finite = true;
  }
}

Extent column_extent(const RowSource& source, bool l2, const Communicator& comm, ThreadPool& pool) {
  const auto columns = static_cast<std::size_t>(source.columns());
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Extent nothing{std::vector<double>(columns, kInfinity), std::vector<double>(columns, -kInfinity), kNone};
  std::vector<Extent> parts(static_cast<std::size_t>(pool.threads()), nothing);
  visit_own_blocks(source, kBlockRows, comm, pool, [&](const float* rows, int worker, RowRange range) {
    widen(parts[static_cast<std::size_t>(worker)], rows, range, l2);
  });
  Extent all = nothing;
  for (const Extent& part : parts) {
    all.first_bad = std::min(all.first_bad, part.first_bad);
    for (std::size_t c = 0; c < columns; ++c) {
      all.low[c] = std::min(all.low[c], part.low[c]);
      all.high[c] = std::max(all.high[c], part.high[c]);
    }
  }
  comm.min(std::span(&all.first_bad, 1));
  comm.min(std::span(all.low));
  comm.max(std::span(all.high));
  return all;
}

/// The mean over all rows of term(x, column), which is at most bound[column] in magnitude.
template <typename Term>
std::vector<double> column_means(const RowSource& source, bool l2, const std::vector<double>& bound,
                                 const Communicator& comm, ThreadPool& pool, const Term& term) {
  const std::size_t columns = bound.size();
  const std::int64_t blocks = RowPartition(source.rows(), kBlockRows, 1).blocks();
  std::vector<ExactScale> scales;
  const auto block_rows = static_cast<double>(std::min(kBlockRows, source.rows()));
  for (const double b : bound) scales.emplace_back(b * block_rows, blocks);
  std::vector<std::vector<std::int64_t>> sums(static_cast<std::size_t>(pool.threads()),
                                              std::vector<std::int64_t>(columns));
  visit_own_blocks(source, kBlockRows, comm, pool, [&](const float* rows, int worker, RowRange range) {
    std::vector<double> sum(columns);
    for (std::int64_t i = 0; i < range.size(); ++i, rows += columns) {
      const double factor = l2 ? inverse_length(rows, static_cast<std::int64_t>(columns)) : 1.0;
      for (std::size_t c = 0; c < columns; ++c) sum[c] += term(rows[c] * factor, c);
    }
    auto& own = sums[static_cast<std::size_t>(worker)];
    for (std::size_t c = 0; c < columns; ++c) own[c] += scales[c].quantise(sum[c]);
  });
  auto& total = sums[0];
  for (std::size_t worker = 1; worker < sums.size(); ++worker)
    for (std::size_t c = 0; c < columns; ++c) total[c] += sums[worker][c];
  comm.sum(std::span(total));
  std::vector<double> mean(columns);
  for (std::size_t c = 0; c < columns; ++c) mean[c] = scales[c].value(total[c]) / static_cast<double>(source.rows());
  return mean;
}

}  // namespace

double inverse_length(const float* row, std::int64_t columns) {
  std::array<double, 8> lanes{};  // a fixed order of addition that the compiler can keep in vector registers
  std::int64_t j = 0;
  for (; j + 8 <= columns; j += 8)
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const double x = row[j + static_cast<std::int64_t>(lane)];
      lanes[lane] += x * x;
    }
  for (; j < columns; ++j) lanes[0] += static_cast<double>(row[j]) * row[j];
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum > 0 ? 1 / std::sqrt(sum) : 0;
}

ColumnStatistics column_statistics(const RowSource& source, Normalise rows, const Communicator& comm, ThreadPool& pool,
                                   bool with_scale) {
  require(source.rows() >= 1 && source.columns() >= 1, "there are {} rows of {} columns: nothing to take statistics of",
          source.rows(), source.columns());
  require(rows != Normalise::standard, "column statistics are of plain or l2-normalised rows");
  const bool l2 = rows == Normalise::l2;
  const Extent extent = column_extent(source, l2, comm, pool);
  require(extent.first_bad == kNone, "row {} holds NaN or infinity in column {}: leave the row out or mend its feature",
          extent.first_bad / source.columns(), extent.first_bad % source.columns());

  const std::size_t columns = extent.low.size();
  std::vector<double> bound(columns), square_bound(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    const double width = extent.high[c] - extent.low[c];
    bound[c] = std::max(std::abs(extent.low[c]), std::abs(extent.high[c]));
    square_bound[c] = width * width * (1 + 1e-6);  // the mean lies within the range but for its own rounding
  }
  ColumnStatistics result;
  result.mean = column_means(source, l2, bound, comm, pool, [](double x, std::size_t) { return x; });
  for (std::size_t c = 0; c < columns; ++c)
    if (extent.low[c] == extent.high[c]) {
      result.mean[c] = extent.low[c];
      result.constant_columns.push_back(static_cast<std::int64_t>(c));
    }
  if (!with_scale) return result;
  const auto& mean = result.mean;
  result.scale = column_means(source, l2, square_bound, comm, pool,
                              [&](double x, std::size_t c) { return (x - mean[c]) * (x - mean[c]); });
  for (double& s : result.scale) s = s > 0 ? std::sqrt(s) : 1;
  return result;
}

NormalisedRows::NormalisedRows(const RowSource& source, Normalise normalise) : source_(source), normalise_(normalise) {
  require(normalise != Normalise::standard, "NormalisedRows: standard needs the column statistics");
}

NormalisedRows::NormalisedRows(const RowSource& source, ColumnStatistics statistics)
    : source_(source), normalise_(Normalise::standard), statistics_(std::move(statistics)) {
  require(std::ssize(statistics_.mean) == source.columns(), "NormalisedRows: statistics of {} columns for {} columns",
          statistics_.mean.size(), source.columns());
}

void NormalisedRows::read(RowRange range, float* out) const {
  source_.read(range, out);
  const std::int64_t columns = source_.columns();
  for (std::int64_t i = 0; i < range.size(); ++i, out += columns) {
    if (normalise_ == Normalise::l2) {
      const double factor = inverse_length(out, columns);
      for (std::int64_t j = 0; j < columns; ++j) out[j] = static_cast<float>(out[j] * factor);
    } else if (normalise_ == Normalise::standard) {
      const double *mean = statistics_.mean.data(), *scale = statistics_.scale.data();
      for (std::int64_t j = 0; j < columns; ++j) out[j] = static_cast<float>((out[j] - mean[j]) / scale[j]);
    }
  }
}

const float* NormalisedRows::resident(RowRange range) const {
  return normalise_ == Normalise::none ? source_.resident(range) : nullptr;
}

}  // namespace coterie::inline reduction
