#include "coterie/evaluation/stability.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/clustering/assign.hpp"
#include "coterie/evaluation/agreement.hpp"

namespace coterie::inline evaluation {
namespace {

/// N rows drawn with replacement.
class Resample final : public RowSource {
 public:
  Resample(const RowSource& source, std::uint64_t seed, std::uint32_t replicate)
      : source_(source), random_(seed, Purpose::bootstrap, replicate) {}

  std::int64_t rows() const override { return source_.rows(); }
  std::int64_t columns() const override { return source_.columns(); }

  /// In the order of the rows drawn, so that a file is read from front to back and a row only once.
  void read(RowRange range, float* out) const override {
    std::vector<std::pair<std::int64_t, std::int64_t>> drawn;  // row, place
    for (std::int64_t i = 0; i < range.size(); ++i) drawn.emplace_back(row_at(range.begin + i), i);
    std::ranges::sort(drawn);
    const float* before = nullptr;
    for (std::size_t d = 0; d < drawn.size(); ++d) {
      const auto [row, place] = drawn[d];
      float* const to = out + place * columns();
      if (d > 0 && drawn[d - 1].first == row)
        std::copy(before, before + columns(), to);
      else if (const float* there = source_.resident({row, row + 1}))
        std::copy(there, there + columns(), to);
      else
        source_.read({row, row + 1}, to);
      before = to;
    }
  }

  /// One row lies where it lies; several lie apart.
  const float* resident(RowRange range) const override {
    if (range.size() != 1) return nullptr;
    const std::int64_t row = row_at(range.begin);
    return source_.resident({row, row + 1});
  }

 private:
  std::int64_t row_at(std::int64_t place) const {
    return random_.below(static_cast<std::uint64_t>(place), source_.rows());
  }

  const RowSource& source_;
  Random random_;
};

using Labels = std::vector<std::int32_t>;

/// labels[k][replicate], of all N rows, on every rank.
std::vector<std::vector<Labels>> replicate_labels(const RowSource& rows, std::span<const std::int64_t> ks,
                                                  const BootstrapOptions& options, const Communicator& comm,
                                                  ThreadPool& pool, const ShareDone& on_share) {
  std::vector<std::vector<Labels>> labels(ks.size());
  const auto count = static_cast<double>(options.replicates);
  KMeansOptions kmeans = options.kmeans;
  for (std::int64_t b = 0; b < options.replicates; ++b) {
    const Resample sample(rows, options.seed, static_cast<std::uint32_t>(b));
    kmeans.on_share = part_of(on_share, static_cast<double>(b) / count, static_cast<double>(b + 1) / count);
    const auto found = kmeans_sweep(sample, ks, kmeans, comm, pool);
    kmeans.usual_iterations = mean_iterations(found);
    for (std::size_t i = 0; i < ks.size(); ++i) {
      const auto own = assign(rows, {found[i].centroids.data(), ks[i], rows.columns()}, comm, pool);
      labels[i].push_back(comm.gather_all(std::span<const std::int32_t>(own.local_labels)));
    }
  }
  return labels;
}

/// Of each pair, shared by ranks and threads.
std::vector<double> agreement_of_pairs(const std::vector<Labels>& labels, const Communicator& comm, ThreadPool& pool) {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t a = 0; a < labels.size(); ++a)
    for (std::size_t b = a + 1; b < labels.size(); ++b) pairs.emplace_back(a, b);
  const RowRange own = RowPartition(std::ssize(pairs), 1, comm.size()).rows_of(comm.rank());
  std::vector<std::int64_t> bits(pairs.size());  // each rank has some, and zeros for the others: their sum has all
  pool.for_each(own.size(), [&](std::int64_t p, int) {
    const auto pair = static_cast<std::size_t>(own.begin + p);
    bits[pair] =
        std::bit_cast<std::int64_t>(adjusted_rand_index(labels[pairs[pair].first], labels[pairs[pair].second]));
  });
  comm.sum(std::span(bits));
  std::vector<double> agreement(bits.size());
  std::ranges::transform(bits, agreement.begin(), [](std::int64_t value) { return std::bit_cast<double>(value); });
  return agreement;
}

/// `sorted` has at least one value.
double quantile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1), below = std::floor(place);
  const auto i = static_cast<std::size_t>(below);
  return i + 1 < sorted.size() ? sorted[i] + (sorted[i + 1] - sorted[i]) * (place - below) : sorted[i];
}

Stability summarised(std::vector<double> agreement) {
  Stability result;
  double sum = 0;
  for (const double value : agreement) sum += value;
  result.mean = sum / static_cast<double>(agreement.size());
  auto sorted = agreement;
  std::ranges::sort(sorted);
  result.low = quantile(sorted, 0.05);
  result.high = quantile(sorted, 0.95);
  result.agreement = std::move(agreement);
  return result;
}

}  // namespace

std::vector<Stability> bootstrap_stability(const RowSource& rows, std::span<const std::int64_t> ks,
                                           const BootstrapOptions& options, const Communicator& comm,
                                           ThreadPool& pool) {
  require(options.replicates >= 2, "stability compares pairs of replicates, but {} was asked for", options.replicates);
  std::vector<Stability> results;
  for (std::size_t begin = 0, end = 0; begin < ks.size(); begin = end) {
    std::int64_t bytes = 0;
    while (end < ks.size() && (options.kmeans.warm_start || end == begin || bytes <= options.kmeans.memory_bytes / 2))
      bytes += 4 * (options.replicates * rows.rows() + ks[end] * rows.columns()), ++end;
    const auto count = static_cast<double>(ks.size());
    const ShareDone part =
        part_of(options.on_share, static_cast<double>(begin) / count, static_cast<double>(end) / count);
    for (const auto& labels : replicate_labels(rows, ks.subspan(begin, end - begin), options, comm, pool, part))
      results.push_back(summarised(agreement_of_pairs(labels, comm, pool)));
  }
  return results;
}

}  // namespace coterie::inline evaluation
