// kmeans_probe ROWS.npy K SEEDS: prints the inertia of one start for each seed 0 .. SEEDS-1, a line each.

#include <fmt/format.h>

#include <cstdlib>

#include "coterie/base/npy.hpp"
#include "coterie/clustering/kmeans.hpp"

int main(int argc, char** argv) {
  using namespace coterie;
  if (argc != 4) return 2;
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(argv[1], &shape);
  ThreadPool pool(1);
  for (std::uint64_t seed = 0; seed < std::strtoull(argv[3], nullptr, 10); ++seed) {
    const KMeansOptions options{.k = std::atoll(argv[2]), .n_init = 1, .seed = seed};
    const auto result = kmeans(MemoryRows({values.data(), shape[0], shape[1]}), options, Communicator::self(), pool);
    fmt::print("{:.17g}\n", result.inertia);
  }
  Communicator::finalize();
  return 0;
}
