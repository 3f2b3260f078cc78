// Times coterie's Gaussian mixtures on the data that mixture_bench.py made: one line of JSON for each case.
//
//     mpirun -n RANKS mixture_bench DIR THREADS CASE...      (mixture_bench.py runs all sides and prints ratios)
//
// A case is NAME:K:COVARIANCE:ITERATIONS, of rows DIR/NAME.npy and first labels DIR/NAME_K.npy.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "coterie/base/blas.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/clustering/gaussian_mixture.hpp"

namespace {

using namespace coterie;

Covariance covariance_named(const std::string& name) {
  return name == "full"   ? Covariance::full
         : name == "tied" ? Covariance::tied
         : name == "diag" ? Covariance::diagonal
                          : Covariance::spherical;
}

/// The best of two; all ranks start together and the slowest counts.
template <typename Action>
double best_seconds(const Communicator& comm, Action action) {
  double best = 1e300;
  for (int run = 0; run < 2; ++run) {
    comm.barrier();
    const auto begin = std::chrono::steady_clock::now();
    action();
    best = std::min(best, comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
  }
  return best;
}

void bench(const std::string& folder, const std::string& text, const Communicator& comm, ThreadPool& pool) {
  std::istringstream fields(text);
  std::string name, k_text, covariance, iterations;
  std::getline(fields, name, ':');
  std::getline(fields, k_text, ':');
  std::getline(fields, covariance, ':');
  std::getline(fields, iterations, ':');
  const std::int64_t k = std::atoll(k_text.c_str());
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(folder + "/" + name + ".npy", &shape);
  const auto labels = read_npy<std::int32_t>(fmt::format("{}/{}_{}.npy", folder, name, k));
  const MemoryRows rows({values.data(), shape[0], shape[1]});
  MixtureOptions options{
      .covariance = covariance_named(covariance), .tol = 0, .regularisation = 1e-4, .initial_labels = labels};
  MixtureResult result;
  const auto run = [&](int count) {
    options.max_iter = count;
    return best_seconds(comm, [&] { result = gaussian_mixtures(rows, {&k, 1}, options, comm, pool).front(); });
  };
  const int count = std::atoi(iterations.c_str());
  const double one = run(1), all = run(1 + count);
  if (!comm.is_root()) return;
  fmt::print(
      "{{\"case\": \"{}\", \"ranks\": {}, \"threads\": {}, \"iteration\": {:.6g}, \"whole\": {:.6g}, "
      "\"log_likelihood\": {:.10g}}}\n",
      text, comm.size(), pool.threads(), (all - one) / count, all, result.log_likelihood);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: mixture_bench DIR THREADS CASE...\n");
    return 2;
  }
  use_single_threaded_blas();
  const auto& comm = Communicator::world();
  ThreadPool pool(std::atoi(argv[2]));
  for (int at = 3; at < argc; ++at) bench(argv[1], argv[at], comm, pool);
  Communicator::finalize();
  return 0;
}
