// Times PCA fits: pca_bench MATRIX.npy THREADS SOLVER COMPONENTS ROUNDS (0 components for all). Rank 0 prints the best
// of ROUNDS, in seconds of the slowest rank, the solver, and the rate of GEMM in double on one thread beside it,
// GFLOP/s. The driver that sets it beside scikit-learn is pca_bench.py.

#include <cblas.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/reduction/pca.hpp"

namespace {

using namespace coterie;

template <typename Action>
double seconds(const Action& action) {
  const auto start = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

PcaSolver solver_of(const std::string& name) {
  for (const PcaSolver solver :
       {PcaSolver::covariance, PcaSolver::tsqr, PcaSolver::gram, PcaSolver::randomised, PcaSolver::incremental})
    if (name == solver_name(solver)) return solver;
  return PcaSolver::automatic;
}

double gemm_rate() {
  constexpr int n = 1024;
  std::vector<double> a(n * n, 0.5), b(a), c(a);
  double best = 1e300;
  for (int round = 0; round < 5; ++round)
    best = std::min(best, seconds([&] {
                      cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, n, n, n, 1, a.data(), n, b.data(), n, 0,
                                  c.data(), n);
                    }));
  return 2e-9 * n * n * n / best;
}

}  // namespace

int main(int argc, char** argv) {
  const auto& world = Communicator::world();
  use_single_threaded_blas();
  if (argc != 6) {
    std::fprintf(stderr, "usage: pca_bench MATRIX.npy THREADS SOLVER COMPONENTS ROUNDS\n");
    return 2;
  }
  std::vector<std::int64_t> shape;
  const auto data = read_npy<float>(argv[1], &shape);
  const MemoryRows rows({data.data(), shape[0], shape[1]});
  ThreadPool pool(std::stoi(argv[2]));
  const PcaOptions options{.components = std::stoll(argv[4]), .solver = solver_of(argv[3])};
  double best = 1e300;
  Pca pca;
  for (int round = 0; round < std::stoi(argv[5]); ++round) {
    world.barrier();
    best = std::min(best, world.max(seconds([&] { pca = fit_pca(rows, options, world, pool); })));
  }
  if (world.is_root())
    std::printf("%.4f %s %.1f %.17g\n", best, solver_name(pca.solver), gemm_rate(), pca.singular_values[0]);
  Communicator::finalize();
}
