// What tests/oracle/kmeans_oracle.py compares with scikit-learn.
//
//     kmeans_probe inertias ROWS.npy K SEEDS (plus_plus|parallel|minibatch)    the inertia of one start of each seed
//     kmeans_probe given ROWS.npy START.npy BOUNDS                             iterations, inertia, then a label a line
//     kmeans_probe sweep ROWS.npy SEED K K ...                                 with warm starts: the inertia of each k

#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "coterie/base/npy.hpp"
#include "coterie/clustering/minibatch_kmeans.hpp"

namespace {

using namespace coterie;

void inertias(const RowSource& rows, char** arguments, ThreadPool& pool) {
  const std::int64_t k = std::atoll(arguments[0]);
  const std::string way = arguments[2];
  for (std::uint64_t seed = 0; seed < std::strtoull(arguments[1], nullptr, 10); ++seed) {
    KMeansOptions options{.k = k, .n_init = 1, .seed = seed};
    if (way == "parallel") options.seeding = Seeding::parallel;
    const auto result = way == "minibatch"
                            ? minibatch_kmeans(rows, {.k = k, .n_init = 1, .seed = seed}, Communicator::self(), pool)
                            : kmeans(rows, options, Communicator::self(), pool);
    fmt::print("{:.17g}\n", result.inertia);
  }
}

void given(const RowSource& rows, char** arguments, ThreadPool& pool) {
  const auto start = read_npy<float>(arguments[0]);
  KMeansOptions options{.k = static_cast<std::int64_t>(start.size()) / rows.columns(), .tol = 0};
  options.initial_centroids = start;
  options.bounds = static_cast<KMeansBounds>(std::atoi(arguments[1]));
  const auto result = kmeans(rows, options, Communicator::self(), pool);
  fmt::print("{}\n{:.17g}\n", result.n_iter, result.inertia);
  for (const auto label : result.local_labels) fmt::print("{}\n", label);
}

void sweep(const RowSource& rows, std::span<char*> arguments, ThreadPool& pool) {
  std::vector<std::int64_t> ks;
  for (const char* k : arguments.subspan(1)) ks.push_back(std::atoll(k));
  const KMeansOptions options{.seed = std::strtoull(arguments[0], nullptr, 10), .warm_start = true};
  for (const auto& result : kmeans_sweep(rows, ks, options, Communicator::self(), pool))
    fmt::print("{:.17g}\n", result.inertia);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (argc < 5 || (what == "inertias" && argc != 6) || (what == "given" && argc != 5)) return 2;
  std::vector<std::int64_t> shape;
  const auto values = coterie::read_npy<float>(argv[2], &shape);
  const coterie::MemoryRows rows({values.data(), shape[0], shape[1]});
  coterie::ThreadPool pool(1);
  if (what == "inertias") inertias(rows, argv + 3, pool);
  if (what == "given") given(rows, argv + 3, pool);
  if (what == "sweep") sweep(rows, std::span(argv + 3, static_cast<std::size_t>(argc - 3)), pool);
  coterie::Communicator::finalize();
  return 0;
}
