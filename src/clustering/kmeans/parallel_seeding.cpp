#include "kmeans/parallel_seeding.hpp"

#include <algorithm>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "kmeans/closest_chosen.hpp"
#include "kmeans/seeding.hpp"

namespace coterie::inline clustering {
namespace {

constexpr int kRounds = 5;                 // as in the paper's experiments; more change little
constexpr std::int64_t kOversampling = 2;  // rows drawn in a round, in units of k
constexpr std::uint32_t kStepsPerStart = 16;

/// The values of local rows, of all ranks in rank order, which is the rows' order.
std::vector<float> gather(const LocalRows& rows, std::span<const std::int64_t> local_rows) {
  std::vector<float> values;
  rows.communicator().together([&] {
    for (const auto local : local_rows) {
      const auto row = rows.row(rows.range().begin + local);
      values.insert(values.end(), row.begin(), row.end());
    }
  });
  return rows.communicator().gather_all(std::span<const float>(values));
}

/// The local rows that a round draws: each with probability min(1, most * weight / total).
std::vector<std::int64_t> draw(const LocalRows& rows, const ClosestChosen& closest, std::int64_t most,
                               std::int64_t total, const Random& random) {
  __extension__ using Wide = unsigned __int128;
  std::vector<std::vector<std::int64_t>> of_block(static_cast<std::size_t>(rows.blocks()));
  rows.pool().for_each(rows.blocks(), [&](std::int64_t b, int) {
    for (std::int64_t row = rows.block(b).begin; row < rows.block(b).end; ++row) {
      const auto weight = static_cast<Wide>(closest.weight(static_cast<std::size_t>(row)));
      const auto place = random.below(static_cast<std::uint64_t>(rows.range().begin + row), total);
      if (static_cast<Wide>(place) < weight * static_cast<Wide>(most))
        of_block[static_cast<std::size_t>(b)].push_back(row);
    }
  });
  std::vector<std::int64_t> drawn;
  for (const auto& each : of_block) drawn.insert(drawn.end(), each.begin(), each.end());
  return drawn;
}

std::int64_t total_weight(const LocalRows& rows, const ClosestChosen& closest) {
  std::int64_t total = 0;
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows.count()); ++row) total += closest.weight(row);
  return rows.communicator().sum(total);
}

/// How many rows each drawn row is nearest to. Of equal drawn rows all but the first have none.
std::vector<std::int64_t> count_nearest(const LocalRows& rows, const ClosestChosen& closest, std::int64_t drawn) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(drawn), 0);
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows.count()); ++row)
    ++counts[static_cast<std::size_t>(closest.nearest(row))];
  rows.communicator().sum(std::span(counts));
  return counts;
}

/// Greedy k-means++ on the drawn rows, which every rank has: each rank works on its share of them.
std::vector<float> recluster(const std::vector<float>& drawn, std::span<const std::int64_t> counts,
                             const LocalRows& rows, std::int64_t k, const Random& random) {
  const MemoryRows source({drawn.data(), static_cast<std::int64_t>(counts.size()), rows.columns()});
  const LocalRows local(source, rows.communicator(), rows.pool(), 0);
  const auto weights =
      counts.subspan(static_cast<std::size_t>(local.range().begin), static_cast<std::size_t>(local.count()));
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  return plus_plus(local, {.k = k, .starts = std::span(&random, 1), .weights = weights, .total_weight = total}).front();
}

}  // namespace

std::vector<float> parallel_seeding(const LocalRows& rows, std::int64_t k, std::uint64_t seed, int start) {
  const auto random = [&](int round) {
    return Random(seed, Purpose::kmeans_parallel,
                  static_cast<std::uint32_t>(start) * kStepsPerStart + static_cast<std::uint32_t>(round));
  };
  ClosestChosen closest(rows, {}, rows.total());
  std::vector<float> drawn = rows.row(random(0).below(0, rows.total()));
  closest.add({drawn.data(), 1, rows.columns()});
  for (int round = 1; round <= kRounds; ++round) {
    const std::int64_t total = total_weight(rows, closest);
    if (total == 0) break;  // every row equals a drawn one
    const auto more = gather(rows, draw(rows, closest, kOversampling * k, total, random(round)));
    if (more.empty()) continue;
    closest.add({more.data(), static_cast<std::int64_t>(more.size()) / rows.columns(), rows.columns()});
    drawn.insert(drawn.end(), more.begin(), more.end());
  }
  const auto counts = count_nearest(rows, closest, static_cast<std::int64_t>(drawn.size()) / rows.columns());
  std::vector<float> distinct;
  std::vector<std::int64_t> weights;
  for (std::size_t at = 0; at < counts.size(); ++at) {
    if (counts[at] == 0) continue;
    const auto row = drawn.begin() + static_cast<std::ptrdiff_t>(at) * rows.columns();
    distinct.insert(distinct.end(), row, row + rows.columns());
    weights.push_back(counts[at]);
  }
  const auto found = static_cast<std::int64_t>(weights.size());
  if (found > k) return recluster(distinct, weights, rows, k, random(kRounds + 1));
  if (found == k) return distinct;
  const Random rest = random(kRounds + 2);
  return plus_plus(rows, {.k = k, .starts = std::span(&rest, 1), .chosen = {distinct.data(), found, rows.columns()}})
      .front();
}

}  // namespace coterie::inline clustering
