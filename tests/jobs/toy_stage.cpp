// The program with one stage more: what a new stage takes is this file and its line in the list at the end.

#include <cmath>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/program.hpp"
#include "command/shared_options.hpp"
#include "coterie/artifacts/clustering.hpp"
#include "planning/effort.hpp"

namespace coterie::jobs {
namespace {

constexpr Kind kSpreads{"spreads", "spread", "coterie spread"};

// The mean over a cluster's images of a power of their distance to its centroid.
std::vector<double> spreads_of(const ClusteringReader& clustering, std::int64_t k, double power) {
  const auto labels = clustering.labels(k);
  const auto distances = clustering.distances(k);
  std::vector<double> sums(static_cast<std::size_t>(k)), counts(sums.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto cluster = static_cast<std::size_t>(labels[i]);
    sums[cluster] += std::pow(static_cast<double>(distances[i]), power);
    ++counts[cluster];
  }
  for (std::size_t c = 0; c < sums.size(); ++c) sums[c] /= counts[c];
  return sums;
}

void measure(Job& job) {
  const std::string parent = job.take(Kind::clusterings);
  const std::string name = artifact_name(job.command, job.options, parent);
  if (!job.must_make(kSpreads, name)) return;
  const ClusteringReader clustering(job.study, parent);
  job.comm.on_root([&] {
    ArtifactWriter writer(job.study.path(kSpreads, name), job.recipe, Communicator::self());
    for (const auto k : clustering.ks())
      writer.put<double>(fmt::format("k={}", k), {k}, spreads_of(clustering, k, job.options.real("power")));
    writer.finish();
  });
  job.made(kSpreads, name);
}

const StageEffort kEffort{
    .on_root = true,
    .cost = [](const Workload& study, const Calibration&,
               StageCost& cost) { cost.flops = 10 * static_cast<double>(study.images); },
    .disk = [](const Workload& study, const Calibration&) { return 8.0 * static_cast<double>(study.largest_k()); }};

Command spread() {
  return {
      .options = OptionList("spread", {option::clustering,
                                       {"power", Role::result, OptionType::real, "2", "P", "of the distances", 0.5, 4},
                                       {"note", Role::output, OptionType::text, "", "TEXT", "for the log alone"}}),
      .summary = "measures how far a cluster's images lie from its centroid",
      .example = "coterie spread --study demo",
      .run = measure,
      .stage = Stage{.reads = [](const Options&) { return std::vector{Kind::clusterings}; },
                     .makes = kSpreads,
                     .trial = Trial::rows,
                     .effort = &kEffort}};
}

}  // namespace
}  // namespace coterie::jobs

int main(int argc, char** argv) {
  using namespace coterie::jobs;
  return run_program(with_commands_about({scan(), extract(), import_features(), reduce(), cluster(), spread()}), argc,
                     argv);
}
