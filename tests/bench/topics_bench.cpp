// Times coterie's LDA on the documents that topics_bench.py made and prints one line of JSON.
//
//     mpirun -n RANKS topics_bench FOLDER TOPICS THREADS WAY PASSES RUNS      (topics_bench.py runs all sides)
//
// FOLDER holds offsets.npy (int64), words.npy and counts.npy (int32), and shape.npy, the size of the vocabulary. WAY is
// restart (as scikit-learn does), batch, or online. Writes the topics' distributions over words, V x K, to phi.npy.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "coterie/base/npy.hpp"
#include "coterie/topics/lda.hpp"

namespace {

using namespace coterie;

/// Of this rank's processor time as well as by the clock: others may be at work on the machine.
struct Seconds {
  double clock = 1e300, processor = 1e300;
};

/// Best of `runs`; all ranks start together and the slowest counts.
template <typename Action>
Seconds best_seconds(const Communicator& comm, int runs, Action action) {
  Seconds best;
  for (int run = 0; run < runs; ++run) {
    comm.barrier();
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t ticks = std::clock();
    action();
    const double clock = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const double processor = static_cast<double>(std::clock() - ticks) / CLOCKS_PER_SEC;
    best.clock = std::min(best.clock, comm.max(clock));
    best.processor = std::min(best.processor, comm.max(processor));
  }
  return best;
}

Documents read(const std::string& folder, const Communicator& comm) {
  Documents whole{.vocabulary = read_npy<std::int64_t>(folder + "/shape.npy").at(0)};
  whole.offsets = read_npy<std::int64_t>(folder + "/offsets.npy");
  whole.words = read_npy<std::int32_t>(folder + "/words.npy");
  whole.counts = read_npy<std::int32_t>(folder + "/counts.npy");
  whole.global_documents = std::ssize(whole.offsets) - 1;
  whole.local = {0, whole.global_documents};
  return own_documents(whole, comm);
}

void bench(char** argv, const Communicator& comm) {
  const std::string folder = argv[1], way = argv[4];
  const Documents documents = read(folder, comm);
  ThreadPool pool(std::atoi(argv[3]));
  LdaOptions options{.topics = std::atoll(argv[2]), .max_iter = std::atoi(argv[5]), .tol = 0, .seed = 1};
  if (const char* tol = std::getenv("TOPICS_BENCH_TOL")) options.tol = std::atof(tol);
  options.restart_gamma = way == "restart";
  if (way == "online") options.updates = LdaUpdates::online;
  LdaResult result;
  const Seconds seconds = best_seconds(comm, std::atoi(argv[6]), [&] { result = lda(documents, options, comm, pool); });
  if (!comm.is_root()) return;
  const auto phi = topic_words(result.model);
  write_npy(folder + "/phi.npy", phi.data(), {result.model.vocabulary, result.model.topics});
  fmt::print(R"({{"clock": {:.6g}, "processor": {:.6g}, "passes": {}, "bound": {:.10g}}})"
             "\n",
             seconds.clock, seconds.processor, result.n_iter, result.bound);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: topics_bench FOLDER TOPICS THREADS WAY PASSES RUNS\n");
    return 2;
  }
  bench(argv, coterie::Communicator::world());
  coterie::Communicator::finalize();
  return 0;
}
