// Times coterie's Ward clustering on the rows that ward_bench.py made: one line of JSON.
//
//     mpirun -n RANKS ward_bench ROWS.npy THREADS RUNS      (ward_bench.py runs all sides and prints ratios)

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "coterie/base/npy.hpp"
#include "coterie/clustering/ward.hpp"

int main(int argc, char** argv) {
  using namespace coterie;
  if (argc != 4) {
    std::fprintf(stderr, "usage: ward_bench ROWS.npy THREADS RUNS\n");
    return 2;
  }
  const auto& comm = Communicator::world();
  ThreadPool pool(std::atoi(argv[2]));
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(argv[1], &shape);
  const MemoryRows rows({values.data(), shape[0], shape[1]});
  WardTree tree;
  double best = 1e300;
  for (int run = 0; run < std::atoi(argv[3]); ++run) {
    comm.barrier();
    const auto begin = std::chrono::steady_clock::now();
    tree = ward(rows, {}, comm, pool);
    best = std::min(best, comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double peak = comm.max(static_cast<double>(usage.ru_maxrss));
  if (comm.is_root()) {
    double heights = 0;
    for (const auto& merge : tree.merges) heights += merge.distance;
    fmt::print("{{\"seconds\": {:.6g}, \"heights\": {:.17g}, \"peak_mb\": {:.5g}}}\n", best, heights, 1.024e-3 * peak);
  }
  Communicator::finalize();
  return 0;
}
