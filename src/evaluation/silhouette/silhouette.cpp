#include "coterie/evaluation/silhouette.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "indices/cluster_sums.hpp"
#include "silhouette/ways.hpp"

namespace coterie::inline evaluation {
namespace {

/// The labellings that have a silhouette, ready to be computed, and which of the given they are. The others' `reason`
/// is filled in.
struct Prepared {
  std::vector<std::size_t> wanted;
  std::optional<SilhouetteTask> task;
};

template <typename Result>
Prepared prepare(const RowSource& source, std::span<const Labelling> labellings, std::vector<Result>& results,
                 const Communicator& comm, ThreadPool& pool) {
  Prepared prepared;
  std::vector<Labelling> defined;
  std::vector<std::vector<std::int64_t>> sizes;
  for (std::size_t l = 0; l < labellings.size(); ++l) {
    require(std::ssize(labellings[l].labels) == source.rows(), "{} labels for {} rows", labellings[l].labels.size(),
            source.rows());
    auto own_sizes = cluster_sizes(labellings[l]);
    results[l].reason = undefined_reason(own_sizes);
    results[l].defined = results[l].reason.empty();
    if (!results[l].defined) continue;
    prepared.wanted.push_back(l);
    defined.push_back(labellings[l]);
    sizes.push_back(std::move(own_sizes));
  }
  Centring centring = centring_of(source, comm, pool);
  if (defined.empty()) return prepared;
  prepared.task.emplace(
      SilhouetteTask{source, std::move(defined), std::move(sizes), std::move(centring), DistanceScale(source.rows())});
  return prepared;
}

/// Sums of silhouettes by cluster and of their squares by labelling, exact, filled from all threads.
class Tally {
 public:
  explicit Tally(const SilhouetteTask& task)
      : task_(task), scale_(1, task.source.rows()), squares_(task.labellings.size()) {
    for (const auto& labelling : task.labellings) sums_.emplace_back(static_cast<std::size_t>(labelling.clusters));
  }

  void add(std::size_t labelling, std::span<const std::int64_t> rows, std::span<const double> values) {
    std::int64_t squares = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto cluster =
          static_cast<std::size_t>(task_.labellings[labelling].labels[static_cast<std::size_t>(rows[i])]);
      add_to(sums_[labelling][cluster], scale_.quantise(values[i]));
      squares += scale_.quantise(values[i] * values[i]);
    }
    add_to(squares_[labelling], squares);
  }

  void reduce(const Communicator& comm) {
    std::vector<std::int64_t> all(squares_);
    for (const auto& sums : sums_) all.insert(all.end(), sums.begin(), sums.end());
    comm.sum(std::span(all));
    auto next = all.begin();
    for (auto& square : squares_) square = *next++;
    for (auto& sums : sums_)
      for (auto& sum : sums) sum = *next++;
  }

  double sum(std::size_t labelling) const {
    return scale_.value(std::accumulate(sums_[labelling].begin(), sums_[labelling].end(), std::int64_t{0}));
  }
  double cluster_sum(std::size_t labelling, std::size_t cluster) const {
    return scale_.value(sums_[labelling][cluster]);
  }
  double square_sum(std::size_t labelling) const { return scale_.value(squares_[labelling]); }

 private:
  static void add_to(std::int64_t& sum, std::int64_t value) {
    std::atomic_ref(sum).fetch_add(value, std::memory_order_relaxed);
  }

  const SilhouetteTask& task_;
  ExactScale scale_;
  std::vector<std::int64_t> squares_;
  std::vector<std::vector<std::int64_t>> sums_;
};

void fill(const Tally& tally, const SilhouetteTask& task, std::size_t l, Silhouette& result) {
  result.mean = tally.sum(l) / static_cast<double>(task.source.rows());
  result.cluster_means.resize(task.sizes[l].size());
  for (std::size_t c = 0; c < task.sizes[l].size(); ++c)
    if (const std::int64_t size = task.sizes[l][c]; size > 0)
      result.cluster_means[c] = tally.cluster_sum(l, c) / static_cast<double>(size);
}

void fill_sampled(const Tally& tally, std::size_t l, std::int64_t sample, std::int64_t rows,
                  SampledSilhouette& result) {
  const auto count = static_cast<double>(sample), share = count / static_cast<double>(rows);
  result.sample = sample;
  result.mean = tally.sum(l) / count;
  const double variance = std::max(0.0, (tally.square_sum(l) - count * result.mean * result.mean) / (count - 1));
  result.error = std::sqrt(variance / count * (1 - share));
}

void fill_drawn(const Tally& tally, const SilhouetteTask& task, std::size_t l, std::span<const std::int64_t> drawn,
                const std::vector<double>& values, SampledSilhouette& result) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  result.values.assign(static_cast<std::size_t>(task.source.rows()), kNone);
  std::vector<std::int64_t> counts(task.sizes[l].size());
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    const auto row = static_cast<std::size_t>(drawn[i]);
    result.values[row] = values[i];
    ++counts[static_cast<std::size_t>(task.labellings[l].labels[row])];
  }
  for (std::size_t c = 0; c < counts.size(); ++c)
    result.cluster_means.push_back(counts[c] > 0 ? tally.cluster_sum(l, c) / static_cast<double>(counts[c]) : kNone);
}

/// Each rank has the values of some rows and zeros for the others: their bits add up to all values.
std::vector<double> merged(const std::vector<double>& own, const Communicator& comm) {
  std::vector<std::int64_t> bits(own.size());
  std::ranges::transform(own, bits.begin(), [](double value) { return std::bit_cast<std::int64_t>(value); });
  comm.sum(std::span(bits));
  std::vector<double> values(own.size());
  std::ranges::transform(bits, values.begin(), [](std::int64_t value) { return std::bit_cast<double>(value); });
  return values;
}

/// The rows with the smallest random numbers, ascending.
std::vector<std::int64_t> sample_rows(std::int64_t rows, std::int64_t count, std::uint64_t seed) {
  const Random random(seed, Purpose::silhouette_sample);
  std::vector<std::pair<std::uint64_t, std::int64_t>> drawn;
  for (std::int64_t row = 0; row < rows; ++row) drawn.emplace_back(random.bits(static_cast<std::uint64_t>(row)), row);
  std::ranges::nth_element(drawn, drawn.begin() + count);
  std::vector<std::int64_t> sample;
  for (std::int64_t i = 0; i < count; ++i) sample.push_back(drawn[static_cast<std::size_t>(i)].second);
  std::ranges::sort(sample);
  return sample;
}

}  // namespace

std::vector<Silhouette> silhouettes(const RowSource& source, std::span<const Labelling> labellings,
                                    const Communicator& comm, ThreadPool& pool, std::int64_t memory_bytes,
                                    SilhouetteDetail detail, const ShareDone& on_share) {
  std::vector<Silhouette> results(labellings.size());
  const auto [wanted, task] = prepare(source, labellings, results, comm, pool);
  if (wanted.empty()) return results;
  Tally tally(*task);
  std::vector<std::vector<double>> values(wanted.size());
  const bool all = detail == SilhouetteDetail::rows;
  if (all)
    for (auto& own : values) own.resize(static_cast<std::size_t>(source.rows()));
  const auto take = [&](std::size_t l, std::span<const std::int64_t> rows, std::span<const double> found) {
    tally.add(l, rows, found);
    for (std::size_t i = 0; all && i < rows.size(); ++i) values[l][static_cast<std::size_t>(rows[i])] = found[i];
  };
  if (folding_pays(*task, memory_bytes, comm.size())) {
    silhouettes_folded(*task, memory_bytes, comm, pool, take, on_share);
  } else {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(source.rows()));
    std::iota(rows.begin(), rows.end(), 0);
    silhouettes_by_strips(*task, rows, memory_bytes, comm, pool, take, on_share);
  }
  tally.reduce(comm);
  for (std::size_t l = 0; l < wanted.size(); ++l) {
    fill(tally, *task, l, results[wanted[l]]);
    if (all) results[wanted[l]].values = comm.size() == 1 ? std::move(values[l]) : merged(values[l], comm);
  }
  return results;
}

std::vector<SampledSilhouette> sampled_silhouettes(const RowSource& source, std::span<const Labelling> labellings,
                                                   std::int64_t sample, std::uint64_t seed, const Communicator& comm,
                                                   ThreadPool& pool, std::int64_t memory_bytes, SilhouetteDetail detail,
                                                   const ShareDone& on_share) {
  require(sample >= 2, "a sample of {} rows has no standard error: ask for at least 2", sample);
  std::vector<SampledSilhouette> results(labellings.size());
  if (sample >= source.rows()) {
    const auto exact = silhouettes(source, labellings, comm, pool, memory_bytes, SilhouetteDetail::means, on_share);
    for (std::size_t l = 0; l < exact.size(); ++l) {
      results[l].defined = exact[l].defined;
      results[l].reason = exact[l].reason;
      results[l].mean = exact[l].mean;
      results[l].sample = exact[l].defined ? source.rows() : 0;
    }
    return results;
  }
  const auto [wanted, task] = prepare(source, labellings, results, comm, pool);
  if (wanted.empty()) return results;
  const std::vector<std::int64_t> drawn = sample_rows(source.rows(), sample, seed);
  Tally tally(*task);
  std::vector<std::vector<double>> values(detail == SilhouetteDetail::rows ? wanted.size() : 0,
                                          std::vector<double>(drawn.size()));
  const auto take = [&](std::size_t l, std::span<const std::int64_t> rows, std::span<const double> found) {
    tally.add(l, rows, found);
    for (std::size_t i = 0; !values.empty() && i < rows.size(); ++i)
      values[l][static_cast<std::size_t>(std::ranges::lower_bound(drawn, rows[i]) - drawn.begin())] = found[i];
  };
  silhouettes_by_strips(*task, drawn, memory_bytes, comm, pool, take, on_share);
  tally.reduce(comm);
  for (std::size_t l = 0; l < wanted.size(); ++l) {
    fill_sampled(tally, l, sample, source.rows(), results[wanted[l]]);
    if (!values.empty()) fill_drawn(tally, *task, l, drawn, merged(values[l], comm), results[wanted[l]]);
  }
  return results;
}

Silhouette silhouette(const RowSource& source, const Labelling& labelling, const Communicator& comm, ThreadPool& pool) {
  return std::move(silhouettes(source, std::span(&labelling, 1), comm, pool).front());
}

}  // namespace coterie::inline evaluation
