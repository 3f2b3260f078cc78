// What a study of so many images costs, before an allocation is asked for: the stages are run here on a few made-up
// rows of the same shape, and their times scaled by their flops, bytes and messages.

#include <algorithm>
#include <chrono>
#include <cmath>

#include "cluster_algorithm.hpp"
#include "coterie/base/random.hpp"
#include "coterie/clustering/kmeans.hpp"
#include "coterie/clustering/ward.hpp"
#include "coterie/dist/cost_model.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/evaluation/silhouette.hpp"
#include "coterie/features/extractor.hpp"
#include "coterie/features/network.hpp"
#include "coterie/reduction/pca.hpp"
#include "coterie/store/foreign_matrix.hpp"
#include "feature_request.hpp"
#include "job.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kBatch = 4;            // images of one run of the network; plan measures one such run a thread
constexpr double kDecodeShare = 0.05;         // of the network's time, for reading and decoding (docs/benchmarks.md)
constexpr double kBytesOfPhotograph = 150e3;  // a usual one on the web
constexpr double kSampleFlops = 4e9;          // of one measurement: a fraction of a second
constexpr std::int64_t kMostSample = 20'000;  // rows of one
constexpr double kMemoryOfProgram = 180e6;    // with its libraries, doing nothing (docs/benchmarks.md)

double seconds_of(const std::function<void()>& action) {
  const auto begin = std::chrono::steady_clock::now();
  action();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Rows round 50 centres that overlap, to measure with.
OwnedRows made_up_rows(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  constexpr std::int64_t kCentres = 50;
  const Random centres(seed, Purpose::test_data, 1), noise(seed, Purpose::test_data, 2);
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t d = 0; d < columns; ++d)
      values.push_back(static_cast<float>(centres.uniform(static_cast<std::uint64_t>(i % kCentres * columns + d)) +
                                          noise.uniform(static_cast<std::uint64_t>(i * columns + d))));
  return {std::move(values), rows, columns};
}

/// What is planned.
struct Workload {
  double images, dimensions, components, k, starts;
  bool ward;
};

std::int64_t whole(double value) { return static_cast<std::int64_t>(value); }

/// Rows for which a cost of `flops_a_row` fits a measurement, at least `least`.
std::int64_t sample_rows(double flops_a_row, std::int64_t least, double images) {
  const auto most = std::max(least, std::min(kMostSample, whole(images)));
  return std::clamp(whole(kSampleFlops / flops_a_row), least, most);
}

/// What turning images into features takes on this rank, all its threads at work.
struct Extraction {
  double seconds_an_image, memory_bytes;
};

Extraction measure_extraction(const Job& job, const FeatureRequest& request) {
  const std::vector<std::string> layers = {request.layers.front().name};
  std::vector<Network> networks;
  networks.emplace_back(request.backbone, layers, random_weights(request.backbone, layers, 1), request.preprocess,
                        NetworkOptions{.device = Device::cpu});
  const double given = job.options.real("images-per-second", 0);
  const double seconds =
      given > 0 ? 1 / given : seconds_an_image(networks, job.pool.threads(), kBatch) * (1 + kDecodeShare);
  return {seconds, 1.2 * static_cast<double>(networks.front().packed_bytes())};
}

StageCost extract_cost(const Workload& study, const Extraction& measured) {
  StageCost cost{"extract"};
  cost.parallel_seconds = study.images * measured.seconds_an_image;
  cost.bytes_read = study.images * kBytesOfPhotograph;
  return cost;
}

/// The covariance solver: N D^2 flops shared out, a D x D eigenproblem of about 4 D^3 on one rank, fitted to two sizes.
StageCost reduce_cost(const Job& job, const Workload& study) {
  const double n = study.images, d = study.dimensions;
  constexpr std::int64_t kColumns = 384, kFew = 1024, kMany = 5120;
  const auto fit = [&](std::int64_t rows) {
    const OwnedRows sample = made_up_rows(rows, kColumns, 1);
    const PcaOptions options{.components = 32, .solver = PcaSolver::covariance};
    return seconds_of([&] { fit_pca(sample, options, Communicator::self(), job.pool); });
  };
  fit(kFew);  // the first call also starts threads and touches memory
  const double few = fit(kFew), many = fit(kMany);
  const double a_row = std::max(many - few, 1e-9) / static_cast<double>(kMany - kFew);
  const double rest = std::max(few - a_row * static_cast<double>(kFew), 1e-6);
  const double wider = d / static_cast<double>(kColumns);
  StageCost cost{"reduce"};
  cost.flops = n * d * d + 2 * n * d * study.components + 4 * d * d * d;
  cost.parallel_seconds = n * a_row * wider * wider;
  cost.serial_seconds = rest * wider * wider * wider;
  cost.bytes_read = 4 * 5 * n * d;
  cost.allreduces = 2;
  cost.allreduce_bytes = 8 * d * d;
  return cost;
}

StageCost kmeans_cost(const Job& job, const Workload& study) {
  const double n = study.images, d = study.components, k = study.k;
  const std::int64_t rows = sample_rows(60 * k * d, std::max<std::int64_t>(whole(20 * k), 2000), n);
  const OwnedRows sample = made_up_rows(rows, whole(d), 2);
  KMeansResult found;
  const KMeansOptions options{.k = whole(std::min(k, static_cast<double>(rows))), .n_init = 1};
  const double seconds = seconds_of([&] { found = kmeans(sample, options, Communicator::self(), job.pool); });
  StageCost cost{fmt::format("cluster (k-means, {} iterations a start)", found.n_iter)};
  cost.flops = study.starts * (found.n_iter + std::log(k)) * 2 * n * k * d;
  cost.parallel_seconds = study.starts * seconds * n / static_cast<double>(rows);
  cost.bytes_read = study.starts * found.n_iter * 4 * n * d;
  cost.allreduces = whole(study.starts * (found.n_iter + 2 * k));
  cost.allreduce_bytes = 8 * (k * d + k + 1) * found.n_iter / (found.n_iter + 2 * k);  // seeding's are of few bytes
  return cost;
}

/// Ward and silhouettes: N^2 D flops.
StageCost square_cost(const Workload& study, const char* stage, std::int64_t rows,
                      const std::function<void(const RowSource&)>& action) {
  const OwnedRows sample = made_up_rows(rows, whole(study.components), 3);
  const double seconds = seconds_of([&] { action(sample); }), scale = study.images / static_cast<double>(rows);
  StageCost cost{stage};
  cost.flops = study.images * study.images * study.components;
  cost.parallel_seconds = seconds * scale * scale;
  cost.bytes_read = 4 * study.images * study.components;
  cost.allreduces = 40;
  cost.allreduce_bytes = 8 * study.images;
  return cost;
}

StageCost silhouette_cost(const Job& job, const Workload& study) {
  return square_cost(study, "evaluate (silhouettes)", 3000, [&](const RowSource& rows) {
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < rows.rows(); ++i)
      labels.push_back(static_cast<std::int32_t>(i % std::min(whole(study.k), rows.rows() / 2)));
    silhouette(rows, {labels, std::min(whole(study.k), rows.rows() / 2)}, Communicator::self(), job.pool);
  });
}

StageCost ward_cost(const Job& job, const Workload& study) {
  return square_cost(study, "cluster (ward)", 2000,
                     [&](const RowSource& rows) { ward(rows, {}, Communicator::self(), job.pool); });
}

std::string amount(double value, const char* unit) {
  constexpr std::pair<double, const char*> kPrefixes[] = {{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
  for (const auto& [size, prefix] : kPrefixes)
    if (value >= size) return fmt::format("{:.3g} {}{}", value / size, prefix, unit);
  return fmt::format("{:.3g} {}", value, unit);
}

std::vector<int> rank_counts(std::int64_t most) {
  std::vector<int> ranks;
  for (std::int64_t count = 1; count < most; count *= 2) ranks.push_back(static_cast<int>(count));
  ranks.push_back(static_cast<int>(most));
  return ranks;
}

void print_times(const std::vector<StageCost>& costs, const Interconnect& interconnect, std::int64_t most) {
  const auto ranks = rank_counts(most);
  fmt::print("\n{:<44}{:>12}{:>12}{:>14}", "time on so many ranks", "work", "read", "messages");
  for (const int count : ranks) fmt::print("{:>14}", count);
  std::vector<double> total(ranks.size());
  for (const auto& cost : costs) {
    fmt::print("\n  {:<42}{:>12}{:>12}{:>14}", cost.stage, cost.flops > 0 ? amount(cost.flops, "flop") : "",
               amount(cost.bytes_read, "B"),
               cost.allreduces == 0 ? "" : fmt::format("{}x{}", cost.allreduces, amount(cost.allreduce_bytes, "B")));
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      const double seconds = seconds_on(cost, interconnect, ranks[i]);
      total[i] += seconds;
      fmt::print("{:>14}", duration_text(seconds));
    }
  }
  fmt::print("\n  {:<80}", "all");
  for (const double seconds : total) fmt::print("{:>14}", duration_text(seconds));
  fmt::print("\n");
}

void print_sizes(const Workload& study, int ranks, const Extraction& extraction) {
  const double n = study.images, own = n / ranks;
  const double d = study.dimensions, c = study.components, k = study.k;
  fmt::print("\nmemory of each of {} ranks (beside the page cache):\n", ranks);
  const auto line = [](const char* stage, double bytes) { fmt::print("  {:<12}{}\n", stage, amount(bytes, "B")); };
  line("extract", kMemoryOfProgram + extraction.memory_bytes);
  line("reduce", kMemoryOfProgram + 40 * d * d);
  line("cluster", kMemoryOfProgram + 4 * own * c + 4 * own * (k / 16 + 5 + study.starts) + 24 * k * c +
                      (study.ward ? 16 * n * c : 0));
  line("evaluate", kMemoryOfProgram + 4 * n * c + 8 * n * std::min(k, 64.0));
  fmt::print("disk:\n");
  line("features", 4 * n * d);
  line("reductions", 4 * n * c);
  line("clusterings", 8 * n);
}

}  // namespace

void plan(Job& job) {
  const FeatureRequest request = feature_requests(job.options).front();
  const auto images = job.options.count("image-count");
  Workload study{static_cast<double>(images),
                 static_cast<double>(request.layers.front().dimension),
                 static_cast<double>(job.options.count("components")),
                 0,
                 static_cast<double>(job.options.count("n-init", 10)),
                 job.options.text("algorithm") == "ward"};
  const auto ks = job.options.counts("k");
  study.k = ks.empty() ? 10 : static_cast<double>(ks.back());
  if (study.components == 0) study.components = study.dimensions;
  const auto most = job.options.count("ranks");
  // Printed, not said: there is no study whose log could keep it.
  if (job.comm.is_root())
    fmt::print("plan for {} images: {}, layer {} ({} numbers), {} components, k = {}, {} starts\n", images,
               request.backbone.name, request.layers.front().name, study.dimensions, study.components, study.k,
               study.starts);
  const Interconnect here = measure_interconnect(job.comm);
  const Interconnect interconnect{job.options.real("latency", here.latency),
                                  job.options.real("bandwidth", here.bandwidth)};
  if (!job.comm.is_root()) return;
  fmt::print("measured here, on made-up rows, with {} thread{} a rank; messages {}: {:.1f} us, {}/s\n",
             job.pool.threads(), job.pool.threads() == 1 ? "" : "s",
             job.options.given("latency") || job.options.given("bandwidth") ? "as given"
             : job.comm.size() > 1                                          ? "among these ranks"
                                                                            : "as on a usual fabric",
             1e6 * interconnect.latency, amount(interconnect.bandwidth, "B"));
  const Extraction extraction = measure_extraction(job, request);
  std::vector<StageCost> costs = {extract_cost(study, extraction), reduce_cost(job, study)};
  costs.push_back(study.ward ? ward_cost(job, study) : kmeans_cost(job, study));
  costs.push_back(silhouette_cost(job, study));
  print_times(costs, interconnect, most);
  print_sizes(study, static_cast<int>(most), extraction);
}

}  // namespace coterie
