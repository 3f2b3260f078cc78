// Times one PCA fit: pca_bench MATRIX.npy THREADS SOLVER COMPONENTS (SOLVER covariance or tsqr, 0 components for all).
// Rank 0 prints the seconds of the slowest rank. The driver that sets it beside scikit-learn is pca_bench.py.

#include <chrono>
#include <cstdio>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/reduction/pca.hpp"

int main(int argc, char** argv) {
  using namespace coterie;
  const auto& world = Communicator::world();
  use_single_threaded_blas();
  if (argc != 5) {
    std::fprintf(stderr, "usage: pca_bench MATRIX.npy THREADS covariance|tsqr COMPONENTS\n");
    return 2;
  }
  std::vector<std::int64_t> shape;
  const auto data = read_npy<float>(argv[1], &shape);
  const MemoryRows rows({data.data(), shape[0], shape[1]});
  ThreadPool pool(std::stoi(argv[2]));
  const PcaOptions options{.components = std::stoll(argv[4]),
                           .solver = std::string(argv[3]) == "tsqr" ? PcaSolver::tsqr : PcaSolver::covariance};
  world.barrier();
  const auto start = std::chrono::steady_clock::now();
  const Pca pca = fit_pca(rows, options, world, pool);
  const double seconds = world.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  if (world.is_root()) std::printf("%.4f %.17g\n", seconds, pca.singular_values[0]);
  Communicator::finalize();
}
