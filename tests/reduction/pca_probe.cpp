// pca_probe ROWS.npy NORMALISE COMPONENTS SOLVER BATCH_ROWS WHITEN SEED OUT: fits on all ranks; rank 0 writes
// OUT_{mean,components,variance,ratio,singular,projected,facts}.npy, facts being total variance and error bound, and
// prints the solver that was used. For tests/oracle/pca_oracle.py.

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/reduction/pca.hpp"

namespace {

using namespace coterie;

PcaSolver solver_of(const std::string& name) {
  for (const PcaSolver solver :
       {PcaSolver::covariance, PcaSolver::tsqr, PcaSolver::gram, PcaSolver::randomised, PcaSolver::incremental})
    if (name == solver_name(solver)) return solver;
  return PcaSolver::automatic;
}

void run(char** argv) {
  const auto& world = Communicator::world();
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(argv[1], &shape);
  const std::string normalise = argv[2], out = argv[8];
  const PcaOptions options{.normalise = normalise == "standard" ? Normalise::standard
                                        : normalise == "l2"     ? Normalise::l2
                                                                : Normalise::none,
                           .whiten = std::string(argv[6]) == "1",
                           .components = std::atoll(argv[3]),
                           .solver = solver_of(argv[4]),
                           .seed = std::strtoull(argv[7], nullptr, 10),
                           .batch_rows = std::atoll(argv[5])};
  ThreadPool pool(2);
  const Pca pca = fit_pca(MemoryRows({values.data(), shape[0], shape[1]}), options, world, pool);
  if (!world.is_root()) return;
  std::vector<float> projected(static_cast<std::size_t>(shape[0] * pca.count()));
  project(pca, {values.data(), shape[0], shape[1]}, projected.data());
  const auto put = [&](const char* name, const auto& array, const std::vector<std::int64_t>& size) {
    write_npy(fmt::format("{}_{}.npy", out, name), array.data(), size);
  };
  put("mean", pca.mean, {pca.dimensions});
  put("components", pca.components, {pca.count(), pca.dimensions});
  put("variance", pca.explained_variance, {pca.count()});
  put("ratio", pca.explained_variance_ratio, {pca.count()});
  put("singular", pca.singular_values, {pca.count()});
  put("projected", projected, {shape[0], pca.count()});
  put("facts", std::vector<double>{pca.total_variance, pca.error_bound}, {2});
  fmt::print("{}\n", solver_name(pca.solver));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 9) return 2;
  Communicator::world();
  use_single_threaded_blas();
  try {
    run(argv);
  } catch (const Error& error) {
    fmt::print(stderr, "pca_probe: {}\n", error.what());
    Communicator::abort(1);
  }
  Communicator::finalize();
  return 0;
}
