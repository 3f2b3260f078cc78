// Times coterie's k-means on the data that kmeans_bench.py made and prints one line of JSON.
//
//     mpirun -n RANKS kmeans_bench ROWS.npy START.npy THREADS ITERATIONS RUNS    (kmeans_bench.py runs all sides)

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "coterie/base/npy.hpp"
#include "coterie/clustering/kmeans.hpp"

namespace {

using namespace coterie;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Best of `runs`; all ranks start together and the slowest counts.
template <typename Action>
double best_seconds(const Communicator& comm, int runs, Action action) {
  double best = 1e300;
  for (int run = 0; run < runs; ++run) {
    comm.barrier();
    const auto begin = std::chrono::steady_clock::now();
    action();
    best = std::min(best, comm.max(seconds_since(begin)));
  }
  return best;
}

KMeansBounds bounds_named(const char* name) {
  for (const auto& [bounds, known] :
       {std::pair(KMeansBounds::none, "none"), std::pair(KMeansBounds::hamerly, "hamerly"),
        std::pair(KMeansBounds::yinyang, "yinyang"), std::pair(KMeansBounds::elkan, "elkan")})
    if (name && std::string(name) == known) return bounds;
  return KMeansBounds::automatic;
}

void bench(char** argv, const Communicator& comm) {
  std::vector<std::int64_t> shape;
  const auto values = read_npy<float>(argv[1], &shape);
  const auto start = read_npy<float>(argv[2]);
  ThreadPool pool(std::atoi(argv[3]));
  const int iterations = std::atoi(argv[4]), runs = std::atoi(argv[5]);
  const MemoryRows rows({values.data(), shape[0], shape[1]});
  const auto k = static_cast<std::int64_t>(start.size()) / shape[1];
  const auto time = [&](const KMeansOptions& options) {
    return best_seconds(comm, runs, [&] { kmeans(rows, options, comm, pool); });
  };
  KMeansOptions options{.k = k, .n_init = 1, .max_iter = iterations, .tol = 0, .initial_centroids = start};
  options.bounds = bounds_named(std::getenv("KMEANS_BENCH_BOUNDS"));
  KMeansResult result;
  const double seconds = best_seconds(comm, runs, [&] { result = kmeans(rows, options, comm, pool); });
  const bool whole = std::getenv("KMEANS_BENCH_LLOYD_ONLY") == nullptr;
  options.bounds = KMeansBounds::none;
  options.max_iter = 3;
  const double dense = whole ? time(options) : 0;
  options.max_iter = 1;
  const double dense_one = whole ? time(options) : 0;
  options.initial_centroids = {};
  const double seeding = whole ? time(options) : 0;
  options.n_init = 10;
  const double seeding_ten = whole && runs > 1 ? time(options) : 0;
  options.n_init = 1;
  options.seeding = Seeding::parallel;
  const double parallel = whole ? time(options) : 0;
  if (!comm.is_root()) return;
  const double per_pass = (dense - dense_one) / 2;
  fmt::print(
      "{{\"seconds\": {:.6g}, \"iterations\": {}, \"inertia\": {:.10g}, \"dense_gflops\": {:.4g}, "
      "\"seeding\": {:.4g}, \"seeding_ten\": {:.4g}, \"parallel\": {:.4g}}}\n",
      seconds, result.n_iter, result.inertia, 2e-9 * static_cast<double>(rows.rows() * rows.columns() * k) / per_pass,
      seeding - dense_one, std::max(0.0, seeding_ten - 10 * dense_one), parallel - dense_one);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: kmeans_bench ROWS.npy START.npy THREADS ITERATIONS RUNS\n");
    return 2;
  }
  bench(argv, coterie::Communicator::world());
  coterie::Communicator::finalize();
  return 0;
}
