#include "incremental_axes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "centre.hpp"
#include "coterie/base/errors.hpp"

namespace coterie::inline reduction {
namespace {

constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

/// scikit-learn's gen_batches.
std::vector<RowRange> batches_of(std::int64_t rows, std::int64_t batch_rows, std::int64_t least) {
  std::vector<RowRange> batches;
  std::int64_t begin = 0;
  for (std::int64_t b = 0; b < rows / batch_rows; ++b) {
    const std::int64_t end = begin + batch_rows;
    if (end + least > rows) continue;
    batches.push_back({begin, end});
    begin = end;
  }
  if (begin < rows) batches.push_back({begin, rows});
  return batches;
}

class IncrementalFit {
 public:
  IncrementalFit(const Pca& pca, const RowSource& source, std::int64_t kept, const PcaOptions& options,
                 const Communicator& comm, ThreadPool& pool)
      : plain_(pca),
        source_(source),
        columns_(pca.dimensions),
        kept_(kept),
        options_(options),
        comm_(comm),
        pool_(pool),
        mean_(static_cast<std::size_t>(columns_)),
        low_(mean_.size(), std::numeric_limits<double>::max()),
        high_(mean_.size(), std::numeric_limits<double>::lowest()) {
    // Rows are normalised as they come; only `standard` needs a mean and a scale for that, known beforehand.
    if (plain_.normalise != Normalise::standard) plain_.mean.assign(mean_.size(), 0.0);
  }

  void update(RowRange batch) {
    batch_ = batch;
    const std::int64_t state = axes_.vectors.columns, total = state + batch.size() + (seen_ > 0 ? 1 : 0);
    const RowPartition leaves = tsqr_leaves(total, columns_, comm_.size());
    read(leaves, state);
    centre_batch(leaves, state);
    const TallMatrix stacked{total, columns_, [&](RowRange rows, double* out) { write(rows, out); }};
    Matrix r = tsqr(stacked, options_.memory_bytes, comm_, pool_);
    axes_ = axes_of_factor(
        std::move(r), [&](const auto& values) { return std::min(kept_, std::ssize(values)); }, comm_, pool_);
    forget();
    seen_ += batch.size();
  }

  /// Bound on the error of the spectral norm, relative to the largest singular value.
  PrincipalAxes finish(Pca& pca) {
    axes_.squares = squares_;
    if (dropped_squares_ > 0)
      axes_.error_bound = (std::sqrt(dropped_squares_) - last_dropped_) / axes_.singular_values[0];
    if (plain_.normalise == Normalise::standard) return std::move(axes_);
    comm_.min(std::span(low_));
    comm_.max(std::span(high_));
    pca.mean = mean_;
    for (std::size_t c = 0; c < mean_.size(); ++c)
      if (low_[c] == high_[c]) {
        pca.mean[c] = low_[c];
        pca.constant_columns.push_back(static_cast<std::int64_t>(c));
      }
    return std::move(axes_);
  }

 private:
  /// This rank's rows of the batch, by its leaves of the stacked matrix, whose first `state` rows are the axes kept.
  void read(const RowPartition& leaves, std::int64_t state) {
    const RowRange own = leaves.rows_of(comm_.rank());
    const auto batch_row = [&](std::int64_t row) { return std::clamp<std::int64_t>(row - state, 0, batch_.size()); };
    own_ = {batch_.begin + batch_row(own.begin), batch_.begin + batch_row(own.end)};
    rows_.resize(static_cast<std::size_t>(own_.size() * columns_));
    std::int64_t bad = kNone;
    comm_.together([&] {
      if (own_.size() > 0) source_.read(own_, rows_.data());
      for (std::size_t i = 0; i < rows_.size() && bad == kNone; ++i)
        if (!std::isfinite(rows_[i])) bad = own_.begin * columns_ + static_cast<std::int64_t>(i);
    });
    comm_.min(std::span(&bad, 1));
    require(bad == kNone, "row {} holds NaN or infinity in column {}: leave the row out or mend its feature",
            bad / columns_, bad % columns_);
    std::vector<double> row(mean_.size());
    for (std::int64_t i = own_.begin; i < own_.end; ++i) {
      centre(plain_, batch_values(i - batch_.begin), 1, row.data());
      for (std::size_t c = 0; c < row.size(); ++c) {
        low_[c] = std::min(low_[c], row[c]);
        high_[c] = std::max(high_[c], row[c]);
      }
    }
  }

  /// Calls visit(row, normalised values) for the batch's rows among `rows` of the stacked matrix.
  template <typename Visit>
  void visit(RowRange rows, std::int64_t state, const Visit& visit) const {
    std::vector<double> row(mean_.size());
    const std::int64_t begin = std::max(rows.begin, state), end = std::min(rows.end, state + batch_.size());
    for (std::int64_t i = begin; i < end; ++i) {
      centre(plain_, batch_values(i - state), 1, row.data());
      visit(row);
    }
  }

  const float* batch_values(std::int64_t row) const {
    return rows_.data() + (batch_.begin + row - own_.begin) * columns_;
  }

  /// A vector summed over the leaves, on every rank.
  Matrix fold(const RowPartition& leaves, const std::function<Matrix(RowRange)>& leaf, std::int64_t size) const {
    Matrix sum = fold_tree(
        leaves, pool_.threads(), leaf,
        [](Matrix left, const Matrix& right) {
          for (std::size_t i = 0; i < left.data.size(); ++i) left.data[i] += right.data[i];
          return left;
        },
        comm_, pool_);
    sum.data.resize(static_cast<std::size_t>(size));
    comm_.broadcast(std::span(sum.data));
    return sum;
  }

  /// The batch's mean, the mean of all so far, the row that stands for the distance of the two, and the sum of squares.
  void centre_batch(const RowPartition& leaves, std::int64_t state) {
    const auto b = static_cast<double>(batch_.size()), seen = static_cast<double>(seen_), all = seen + b;
    batch_mean_ = fold(
                      leaves,
                      [&](RowRange rows) {
                        Matrix sum{columns_, 1, std::vector<double>(mean_.size())};
                        visit(rows, state, [&](const std::vector<double>& row) {
                          for (std::size_t c = 0; c < row.size(); ++c) sum.data[c] += row[c];
                        });
                        return sum;
                      },
                      columns_)
                      .data;
    for (double& x : batch_mean_) x /= b;
    squares_ += fold(
                    leaves,
                    [&](RowRange rows) {
                      Matrix sum{1, 1, {0.0}};
                      visit(rows, state, [&](const std::vector<double>& row) {
                        for (std::size_t c = 0; c < row.size(); ++c)
                          sum.data[0] += (row[c] - batch_mean_[c]) * (row[c] - batch_mean_[c]);
                      });
                      return sum;
                    },
                    1)
                    .data[0];
    correction_.assign(mean_.size(), 0.0);
    for (std::size_t c = 0; c < mean_.size(); ++c) {
      if (seen_ > 0) correction_[c] = std::sqrt(seen / all * b) * (mean_[c] - batch_mean_[c]);
      squares_ += correction_[c] * correction_[c];
      mean_[c] = (seen * mean_[c] + b * batch_mean_[c]) / all;
    }
  }

  /// Rows of the stacked matrix.
  void write(RowRange rows, double* out) const {
    const std::int64_t state = axes_.vectors.columns;
    for (std::int64_t i = rows.begin; i < rows.end; ++i, out += columns_) {
      if (i < state) {
        const double* axis = axes_.vectors.data.data() + i * columns_;
        const double value = axes_.singular_values[static_cast<std::size_t>(i)];
        for (std::int64_t c = 0; c < columns_; ++c) out[c] = value * axis[c];
      } else if (i < state + batch_.size()) {
        centre(plain_, batch_values(i - state), 1, out);
        for (std::size_t c = 0; c < batch_mean_.size(); ++c) out[c] -= batch_mean_[c];
      } else {
        std::copy(correction_.begin(), correction_.end(), out);
      }
    }
  }

  /// Drops what is beyond the kept axes and remembers how much that was.
  void forget() {
    last_dropped_ =
        std::ssize(axes_.singular_values) > kept_ ? axes_.singular_values[static_cast<std::size_t>(kept_)] : 0;
    dropped_squares_ += last_dropped_ * last_dropped_;
    axes_.singular_values.resize(static_cast<std::size_t>(axes_.vectors.columns));
  }

  Pca plain_;  ///< how a row is normalised
  const RowSource& source_;
  const std::int64_t columns_, kept_;
  const PcaOptions& options_;
  const Communicator& comm_;
  ThreadPool& pool_;
  std::int64_t seen_ = 0;
  RowRange batch_, own_;
  std::vector<float> rows_;  ///< own_ of the batch
  std::vector<double> mean_, batch_mean_, correction_, low_, high_;
  PrincipalAxes axes_;
  double squares_ = 0, dropped_squares_ = 0, last_dropped_ = 0;
};

}  // namespace

PrincipalAxes incremental_axes(Pca& pca, const RowSource& source, const PcaOptions& options, const Communicator& comm,
                               ThreadPool& pool, const ShareDone& on_share) {
  const std::int64_t batch_rows = options.batch_rows > 0 ? options.batch_rows : 5 * pca.dimensions;
  const auto batches = batches_of(pca.rows, batch_rows, options.components);
  const std::int64_t most = std::min(batches.front().size(), pca.dimensions);
  const std::int64_t kept = options.components > 0 ? options.components : most;
  require(kept <= most, "{} components asked for, but the first batch has {} rows: give --batch-rows of {} or more",
          kept, batches.front().size(), kept);
  IncrementalFit fit(pca, source, kept, options, comm, pool);
  for (const RowRange batch : batches) {
    fit.update(batch);
    if (on_share) on_share(static_cast<double>(batch.end) / static_cast<double>(pca.rows));
  }
  return fit.finish(pca);
}

}  // namespace coterie::inline reduction
