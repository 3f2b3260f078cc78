#include "coterie/evaluation/gap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/dist/own_blocks.hpp"

namespace coterie::inline evaluation {
namespace {

/// The range of each column.
struct Box {
  std::vector<double> low, width;
};

/// Throws InvalidArgument, on every rank, naming the first row that holds NaN or infinity. Collective.
Box box_of(const RowSource& rows, const Communicator& comm, ThreadPool& pool) {
  constexpr std::int64_t kBlockRows = 1024;
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  const auto columns = static_cast<std::size_t>(rows.columns()), workers = static_cast<std::size_t>(pool.threads());
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> lows(workers, std::vector<double>(columns, kInfinite));
  std::vector<std::vector<double>> highs(workers, std::vector<double>(columns, -kInfinite));
  std::vector<std::int64_t> bad(workers, kNone);
  visit_own_blocks(rows, kBlockRows, comm, pool, [&](const float* block, int worker, RowRange range) {
    const auto w = static_cast<std::size_t>(worker);
    for (std::int64_t i = range.begin; i < range.end; ++i, block += columns)
      for (std::size_t c = 0; c < columns; ++c) {
        if (!std::isfinite(block[c])) bad[w] = std::min(bad[w], i);
        lows[w][c] = std::min(lows[w][c], static_cast<double>(block[c]));
        highs[w][c] = std::max(highs[w][c], static_cast<double>(block[c]));
      }
  });
  std::vector<double> low = lows[0], high = highs[0];
  for (std::size_t w = 1; w < workers; ++w)
    for (std::size_t c = 0; c < columns; ++c)
      low[c] = std::min(low[c], lows[w][c]), high[c] = std::max(high[c], highs[w][c]);
  std::int64_t first_bad = std::ranges::min(bad);
  comm.min(std::span(&first_bad, 1));
  require(first_bad == kNone, "row {} holds NaN or infinity: leave the row out or mend its feature", first_bad);
  comm.min(std::span(low));
  comm.max(std::span(high));
  Box box{low, {}};
  for (std::size_t c = 0; c < columns; ++c) box.width.push_back(high[c] - low[c]);
  return box;
}

/// Rows uniform over a box, made up whenever they are read.
class UniformRows final : public RowSource {
 public:
  UniformRows(std::int64_t rows, const Box& box, std::uint64_t seed, std::uint32_t reference)
      : rows_(rows), box_(box), random_(seed, Purpose::gap_reference, reference) {}

  std::int64_t rows() const override { return rows_; }
  std::int64_t columns() const override { return std::ssize(box_.low); }

  void read(RowRange range, float* out) const override {
    auto element = static_cast<std::uint64_t>(range.begin * columns());
    for (std::int64_t i = range.begin; i < range.end; ++i)
      for (std::size_t c = 0; c < box_.low.size(); ++c)
        *out++ = static_cast<float>(box_.low[c] + box_.width[c] * random_.uniform(element++));
  }

 private:
  std::int64_t rows_;
  const Box& box_;
  Random random_;
};

/// k-means of each k, and its inertia alone: thousands of centroid tables would not fit. Warm starts lead from one k to
/// the next, so those need the whole list at once. The options learn how many iterations such rows take on average.
std::vector<double> inertias_of(const RowSource& rows, std::span<const std::int64_t> ks, KMeansOptions& options,
                                const Communicator& comm, ThreadPool& pool, const ShareDone& on_share) {
  std::vector<double> inertias;
  double iterations = 0;
  for (std::size_t begin = 0, end = 0; begin < ks.size(); begin = end) {
    std::int64_t bytes = 0;
    while (end < ks.size() && (options.warm_start || end == begin || bytes <= options.memory_bytes / 4))
      bytes += 4 * (ks[end++] * rows.columns() + 2 * rows.rows());
    const auto count = static_cast<double>(ks.size());
    options.on_share = part_of(on_share, static_cast<double>(begin) / count, static_cast<double>(end) / count);
    const auto found = kmeans_sweep(rows, ks.subspan(begin, end - begin), options, comm, pool);
    for (const auto& each : found) inertias.push_back(each.inertia);
    iterations += mean_iterations(found) * static_cast<double>(end - begin) / count;
  }
  options.usual_iterations = iterations;
  return inertias;
}

Gap gap_of(double inertia, const std::vector<double>& references) {
  const auto count = static_cast<double>(references.size());
  double mean = 0, squares = 0;
  for (const double value : references) mean += value / count;
  for (const double value : references) squares += (value - mean) * (value - mean) / count;
  return {mean - std::log(inertia), std::sqrt(squares) * std::sqrt(1 + 1 / count)};
}

}  // namespace

double uniform_iterations(std::int64_t rows, int max_iter) {
  return std::clamp(0.75 * std::sqrt(static_cast<double>(rows)), 1.0, static_cast<double>(max_iter));
}

std::vector<Gap> gap_statistic(const RowSource& rows, std::span<const std::int64_t> ks,
                               std::span<const double> inertias, const GapOptions& options, const Communicator& comm,
                               ThreadPool& pool) {
  require(ks.size() == inertias.size(), "{} numbers of clusters, but {} inertias", ks.size(), inertias.size());
  require(options.references >= 1, "the gap statistic needs references, not {}", options.references);
  for (std::size_t i = 0; i < ks.size(); ++i) {
    require(ks[i] >= 1 && ks[i] <= rows.rows(), "{} clusters of {} rows", ks[i], rows.rows());
    require(std::isfinite(inertias[i]) && inertias[i] > 0,
            "the inertia with {} clusters is {}: the gap statistic takes its logarithm, so leave that k out", ks[i],
            inertias[i]);
  }
  if (ks.empty()) return {};
  const Box box = box_of(rows, comm, pool);
  require(std::ranges::any_of(box.width, [](double width) { return width > 0; }),
          "all {} rows are equal: there is no box for the gap statistic's references", rows.rows());
  std::vector<std::vector<double>> logarithms(ks.size());
  KMeansOptions kmeans = options.kmeans;
  kmeans.usual_iterations = uniform_iterations(rows.rows(), kmeans.max_iter);
  for (std::int64_t r = 0; r < options.references; ++r) {
    const UniformRows reference(rows.rows(), box, options.seed, static_cast<std::uint32_t>(r));
    const auto count = static_cast<double>(options.references), done = static_cast<double>(r);
    const auto found =
        inertias_of(reference, ks, kmeans, comm, pool, part_of(options.on_share, done / count, (done + 1) / count));
    if (options.on_iterations) options.on_iterations(kmeans.usual_iterations);
    for (std::size_t i = 0; i < ks.size(); ++i) {
      require(found[i] > 0, "{} clusters leave no inertia in a reference of {} rows: leave that k out", ks[i],
              rows.rows());
      logarithms[i].push_back(std::log(found[i]));
    }
  }
  std::vector<Gap> gaps;
  for (std::size_t i = 0; i < ks.size(); ++i) {
    gaps.push_back(gap_of(inertias[i], logarithms[i]));
    gaps.back().reference_logarithms = std::move(logarithms[i]);
  }
  return gaps;
}

std::optional<std::size_t> choose_by_gap(std::span<const Gap> gaps) {
  for (std::size_t i = 0; i + 1 < gaps.size(); ++i)
    if (gaps[i].gap >= gaps[i + 1].gap - gaps[i + 1].error) return i;
  return std::nullopt;
}

}  // namespace coterie::inline evaluation
