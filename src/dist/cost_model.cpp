#include "coterie/dist/cost_model.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "coterie/base/errors.hpp"

namespace coterie::inline dist {
namespace {

/// The least of some tries: what disturbs a message only ever delays it.
double least_seconds(const Communicator& comm, std::size_t numbers, int tries) {
  std::vector<std::int64_t> values(numbers);
  double least = 1e30;
  for (int i = 0; i < tries; ++i) {
    comm.barrier();
    const auto begin = std::chrono::steady_clock::now();
    comm.sum(std::span(values));
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return comm.max(least);
}

}  // namespace

Interconnect measure_interconnect(const Communicator& comm) {
  if (comm.size() == 1) return {};
  constexpr std::size_t kLarge = std::size_t{1} << 20;
  const double small = least_seconds(comm, 1, 200), large = least_seconds(comm, kLarge, 10);
  const double rounds = 2 * std::ceil(std::log2(comm.size())), share = 2.0 * (comm.size() - 1) / comm.size();
  return {small / rounds, share * 8 * static_cast<double>(kLarge) / std::max(large - small, 1e-9)};
}

double allreduce_seconds(const Interconnect& interconnect, double bytes, int ranks) {
  require(ranks >= 1, "a cost model of {} ranks; there is at least one", ranks);
  if (ranks == 1) return 0;
  return 2 * std::ceil(std::log2(ranks)) * interconnect.latency +
         2.0 * (ranks - 1) / ranks * bytes / interconnect.bandwidth;
}

double seconds_on(const StageCost& cost, const Interconnect& interconnect, int ranks) {
  return cost.parallel_seconds / ranks + cost.serial_seconds +
         static_cast<double>(cost.allreduces) * allreduce_seconds(interconnect, cost.allreduce_bytes, ranks);
}

}  // namespace coterie::inline dist
