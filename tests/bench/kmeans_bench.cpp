// Times coterie's k-means on the data that kmeans_bench.py made: one line of JSON for each data set and k.
//
//     mpirun -n RANKS kmeans_bench DIR THREADS      (kmeans_bench.py runs all sides and prints ratios)

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include "coterie/base/npy.hpp"
#include "coterie/clustering/kmeans.hpp"

namespace {

using namespace coterie;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Best of three; all ranks start together and the slowest counts.
template <typename Action>
double best_seconds(const Communicator& comm, Action action) {
  double best = 1e300;
  for (int run = 0; run < 3; ++run) {
    comm.barrier();
    const auto begin = std::chrono::steady_clock::now();
    action();
    best = std::min(best, comm.max(seconds_since(begin)));
  }
  return best;
}

void bench(const std::string& folder, const std::string& name, std::int64_t k, const Communicator& comm,
           ThreadPool& pool) {
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(folder + "/" + name + ".npy", &shape);
  const auto start = read_npy<float>(fmt::format("{}/{}_{}.npy", folder, name, k));
  const MemoryRows rows({values.data(), shape[0], shape[1]});
  KMeansOptions options{.k = k, .n_init = 1, .max_iter = 100, .tol = 0, .initial_centroids = start};
  KMeansResult result;
  const double seconds = best_seconds(comm, [&] { result = kmeans(rows, options, comm, pool); });
  options.bounds = Bounds::none;
  options.max_iter = 5;
  const double dense = best_seconds(comm, [&] { kmeans(rows, options, comm, pool); });
  options.max_iter = 1;
  const double dense_one = best_seconds(comm, [&] { kmeans(rows, options, comm, pool); });
  options = {.k = k, .n_init = 1, .max_iter = 1};
  const double seeding = best_seconds(comm, [&] { kmeans(rows, options, comm, pool); });
  if (!comm.is_root()) return;
  const double per_pass = (dense - dense_one) / 4;
  fmt::print(
      "{{\"data\": \"{}\", \"k\": {}, \"ranks\": {}, \"threads\": {}, \"iterations\": {}, \"coterie\": {:.6g}, "
      "\"coterie_inertia\": {:.8g}, \"dense_pass\": {:.6g}, \"dense_gflops\": {:.4g}, \"seeding\": {:.4g}}}\n",
      name, k, comm.size(), pool.threads(), result.n_iter, seconds / result.n_iter, result.inertia, per_pass,
      2e-9 * static_cast<double>(rows.rows() * rows.columns() * k) / per_pass, seeding - dense_one);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: kmeans_bench DIR THREADS\n");
    return 2;
  }
  const auto& comm = Communicator::world();
  ThreadPool pool(std::atoi(argv[2]));
  for (const std::string name : {"clustered", "features"})
    for (const std::int64_t k : {20, 200}) bench(argv[1], name, k, comm, pool);
  Communicator::finalize();
  return 0;
}
