// Times coterie's LDA on the documents that topics_bench.py made and prints one line of JSON.
//
//     mpirun -n RANKS topics_bench FOLDER TOPICS THREADS PASSES RUNS      (topics_bench.py runs all sides)
//
// FOLDER holds offsets.npy (int64), words.npy and counts.npy (int32), and the same of held-out documents, as
// test_offsets.npy and so on; shape.npy is the size of the vocabulary.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "coterie/base/npy.hpp"
#include "coterie/topics/lda.hpp"

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

Documents read(const std::string& folder, const std::string& which, const Communicator& comm) {
  Documents whole;
  whole.vocabulary = read_npy<std::int64_t>(folder + "/shape.npy").at(0);
  whole.offsets = read_npy<std::int64_t>(folder + "/" + which + "offsets.npy");
  whole.words = read_npy<std::int32_t>(folder + "/" + which + "words.npy");
  whole.counts = read_npy<std::int32_t>(folder + "/" + which + "counts.npy");
  whole.global_documents = std::ssize(whole.offsets) - 1;
  whole.local = {0, whole.global_documents};
  return own_documents(whole, comm);
}

void bench(char** argv, const Communicator& comm) {
  const Documents documents = read(argv[1], "", comm), test = read(argv[1], "test_", comm);
  ThreadPool pool(std::atoi(argv[3]));
  const int passes = std::atoi(argv[4]), runs = std::atoi(argv[5]);
  const auto time = [&](const LdaOptions& options) {
    LdaResult result;
    const double seconds = best_seconds(comm, runs, [&] { result = lda(documents, options, comm, pool); });
    const auto gamma = infer_gamma(result.model, test, pool);
    const double held_out = variational_bound(result.model, test, gamma, comm, pool).perplexity();
    const double completed = document_completion(result.model, test, 1, comm, pool).perplexity();
    return fmt::format(
        R"({{"seconds": {:.6g}, "passes": {}, "bound": {:.10g}, "perplexity": {:.6g}, "completion": {:.6g}}})", seconds,
        result.n_iter, result.bound, held_out, completed);
  };
  LdaOptions options{.topics = std::atoll(argv[2]), .max_iter = passes, .tol = 0, .restart_gamma = true, .seed = 1};
  const auto as_theirs = time(options);
  options.restart_gamma = false;
  const auto carried = time(options);
  options.max_iter = 100, options.tol = LdaOptions{}.tol;
  if (const char* tol = std::getenv("TOPICS_BENCH_TOL")) options.tol = std::atof(tol);
  const auto whole = time(options);
  options.updates = LdaUpdates::online, options.max_iter = passes;
  const auto online = time(options);
  if (comm.is_root())
    fmt::print(R"({{"restart": {}, "carried": {}, "whole": {}, "online": {}}})"
               "\n",
               as_theirs, carried, whole, online);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: topics_bench FOLDER TOPICS THREADS PASSES RUNS\n");
    return 2;
  }
  bench(argv, coterie::Communicator::world());
  coterie::Communicator::finalize();
  return 0;
}
