// Times silhouettes: silhouette_bench ROWS.npy LABELS_PREFIX THREADS K...  with LABELS_PREFIX_K.npy for each K. Rank 0
// prints a line of JSON for each K (exact and simplified), then one for a sample of 2,000 rows and for many labellings
// at once, with the seconds of the slowest rank. The driver that sets them beside scikit-learn is silhouette_bench.py.

#include <cblas.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "coterie/base/blas.hpp"
#include "coterie/base/npy.hpp"
#include "coterie/base/random.hpp"
#include "coterie/evaluation/silhouette.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kSample = 2000, kMany = 48;

/// The seconds of the slowest rank.
template <typename Action>
double seconds_of(const Communicator& comm, const Action& action) {
  comm.barrier();
  const auto start = std::chrono::steady_clock::now();
  action();
  return comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

/// GFLOP/s that BLAS reaches on one core with matrices in the caches: the best of ten products.
double gemm_gflops() {
  constexpr int kSide = 768;
  const std::vector<float> a(kSide * kSide, 0.5F), b(kSide * kSide, 0.25F);
  std::vector<float> c(kSide * kSide);
  double best = 0;
  for (int run = 0; run < 10; ++run) {
    const double seconds = seconds_of(Communicator::self(), [&] {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, kSide, kSide, kSide, 1, a.data(), kSide, b.data(), kSide, 0,
                  c.data(), kSide);
    });
    best = std::max(best, 2e-9 * kSide * kSide * kSide / seconds);
  }
  return best;
}

/// `count` random labellings of 20 to 3,000 clusters.
struct ManyLabels {
  std::vector<std::vector<std::int32_t>> labels;
  std::vector<Labelling> labellings;

  ManyLabels(std::int64_t rows, std::int64_t count) : labels(static_cast<std::size_t>(count)) {
    for (std::int64_t l = 0; l < count; ++l) {
      const std::int64_t k = std::min(20 + 2980 * l / std::max<std::int64_t>(count - 1, 1), rows / 4);
      const Random random(static_cast<std::uint64_t>(l), Purpose::test_data);
      for (std::int64_t i = 0; i < rows; ++i)
        labels[static_cast<std::size_t>(l)].push_back(
            static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(i), k)));
      labellings.push_back({labels[static_cast<std::size_t>(l)], k});
    }
  }
};

void run(int argc, char** argv) {
  const auto& world = Communicator::world();
  std::vector<std::int64_t> shape;
  const auto data = read_npy<float>(argv[1], &shape);
  const MemoryRows rows({data.data(), shape[0], shape[1]});
  ThreadPool pool(std::stoi(argv[3]));
  const double peak = gemm_gflops();
  std::vector<std::int32_t> labels;
  const auto say = [&](const std::string& line) {
    if (world.is_root()) fmt::print("{}\n", line), std::fflush(stdout);
  };
  for (int i = 4; i < argc; ++i) {
    labels = read_npy<std::int32_t>(std::string(argv[2]) + "_" + argv[i] + ".npy");
    const Labelling labelling{labels, std::stoll(argv[i])};
    double mean = 0, simple_mean = 0;
    const double exact = seconds_of(world, [&] { mean = silhouette(rows, labelling, world, pool).mean; });
    const double simple =
        seconds_of(world, [&] { simple_mean = simplified_silhouette(rows, labelling, world, pool).mean; });
    say(fmt::format(R"({{"k": {}, "exact": {:.5f}, "mean": {:.17g}, "simplified": {:.5f}, "gemm_gflops": {:.1f}}})",
                    argv[i], exact, mean, simple, peak));
  }
  const std::vector<Labelling> last{{labels, std::stoll(argv[argc - 1])}};
  const auto sampled = [&](const std::vector<Labelling>& labellings) {
    return seconds_of(world, [&] { sampled_silhouettes(rows, labellings, kSample, 1, world, pool); });
  };
  // A labelling more costs the same for each row, so it is measured on the sample.
  const ManyLabels many(shape[0], kMany), few(shape[0], kMany / 2);
  const double one = sampled(last), more = (sampled(many.labellings) - sampled(few.labellings)) / (kMany / 2);
  say(fmt::format(R"({{"sampled": {:.5f}, "for_each_more": {:.5f}}})", one,
                  more * static_cast<double>(shape[0]) / static_cast<double>(kSample)));
}

}  // namespace
}  // namespace coterie

int main(int argc, char** argv) {
  using namespace coterie;
  Communicator::world();
  use_single_threaded_blas();
  if (argc < 5) {
    std::fprintf(stderr, "usage: silhouette_bench ROWS.npy LABELS_PREFIX THREADS K...\n");
    return 2;
  }
  run(argc, argv);
  Communicator::finalize();
}
