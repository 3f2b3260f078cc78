// Times one silhouette: silhouette_bench MATRIX.npy LABELS.npy CLUSTERS THREADS. Rank 0 prints the seconds of the
// slowest rank and the score. The driver that sets it beside scikit-learn is silhouette_bench.py.

#include <chrono>
#include <cstdio>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/evaluation/silhouette.hpp"

int main(int argc, char** argv) {
  using namespace coterie;
  const auto& world = Communicator::world();
  use_single_threaded_blas();
  if (argc != 5) {
    std::fprintf(stderr, "usage: silhouette_bench MATRIX.npy LABELS.npy CLUSTERS THREADS\n");
    return 2;
  }
  std::vector<std::int64_t> shape;
  const auto data = read_npy<float>(argv[1], &shape);
  const auto labels = read_npy<std::int32_t>(argv[2]);
  const MemoryRows rows({data.data(), shape[0], shape[1]});
  ThreadPool pool(std::stoi(argv[4]));
  const Labelling labelling{labels, std::stoll(argv[3])};
  world.barrier();
  const auto start = std::chrono::steady_clock::now();
  const Silhouette result = silhouette(rows, labelling, world, pool);
  const double seconds = world.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (world.is_root()) std::printf("%.4f %.17g\n", seconds, result.mean);
  Communicator::finalize();
}
