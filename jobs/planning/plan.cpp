// What a study costs, before an allocation is asked for.

#include <algorithm>
#include <cmath>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/dist/progress.hpp"
#include "outputs/table_file.hpp"
#include "planning/calibration.hpp"
#include "planning/forecast.hpp"
#include "planning/measure_study.hpp"
#include "planning/workload.hpp"

namespace coterie::jobs {
namespace {

constexpr double kLong = 7 * 86400.0;  // the longest job that most clusters take

/// The node's calibration as asked for: measured now, and kept with --calibrate; read with --calibration alone.
Calibration calibration_for(const Job& job, const Workload& study) {
  const std::string path = job.options.text("calibration");
  if (!path.empty() && !job.options.flag("calibrate")) return read_calibration(path, study.shape());
  Calibration measured = measure_study(job, study);
  if (!job.options.flag("calibrate")) return measured;
  const std::string to = path.empty() ? "coterie-calibration.json" : path;
  job.comm.on_root([&] {
    write_calibration(to, measured);
    fmt::print("wrote {}\n", to);
  });
  return measured;
}

std::vector<int> rank_counts(std::int64_t most) {
  std::vector<int> ranks;
  for (std::int64_t count = 1; count<most; count *= most> 64 ? 4 : 2) ranks.push_back(static_cast<int>(count));
  ranks.push_back(static_cast<int>(most));
  return ranks;
}

void print_times(const Forecast& forecast, const Interconnect& interconnect, const std::vector<int>& ranks) {
  fmt::print("\n{:<12}{:>12}{:>12}{:>18}", "ranks", "work", "read", "messages");
  for (const int count : ranks) fmt::print("{:>16}", count);
  for (const auto& cost : forecast.times()) {
    fmt::print(
        "\n  {:<10}{:>12}{:>12}{:>18}", cost.stage, cost.flops > 0 ? amount_text(cost.flops, "flop") : "",
        amount_text(cost.bytes_read, "B"),
        cost.allreduces == 0 ? "" : fmt::format("{} x {}", cost.allreduces, amount_text(cost.allreduce_bytes, "B")));
    for (const int count : ranks) fmt::print("{:>16}", duration_text(seconds_on(cost, interconnect, count)));
  }
  fmt::print("\n  {:<52}", "all");
  for (const int count : ranks) fmt::print("{:>16}", duration_text(forecast.seconds(count)));
  fmt::print("\n");
}

void write_times(const std::string& path, const Forecast& forecast, const Interconnect& interconnect,
                 const std::vector<int>& ranks) {
  TableFile table(path);
  table.line({"stage", "ranks", "seconds", "flops", "bytes_read", "allreduces", "allreduce_bytes"}, ',');
  for (const auto& cost : forecast.times())
    for (const int count : ranks)
      table.line({cost.stage, fmt::to_string(count), fmt::format("{:.4g}", seconds_on(cost, interconnect, count)),
                  fmt::format("{:.4g}", cost.flops), fmt::format("{:.4g}", cost.bytes_read),
                  fmt::to_string(cost.allreduces), fmt::format("{:.4g}", cost.allreduce_bytes)},
                 ',');
  table.finish();
}

void print_sizes(const Forecast& forecast, int ranks) {
  fmt::print("\nmemory of the largest of {} ranks (beside the page cache)\n", ranks);
  for (const auto& stage : forecast.memory(ranks))
    fmt::print("  {:<12}{:>12}\n", stage.what, amount_text(stage.bytes, "B"));
  fmt::print("disk\n");
  double total = 0;
  for (const auto& artifact : forecast.disk()) {
    fmt::print("  {:<12}{:>12}\n", artifact.what, amount_text(artifact.bytes, "B"));
    total += artifact.bytes;
  }
  fmt::print("  {:<12}{:>12}\n", "all", amount_text(total, "B"));
}

/// Which stage the time goes to on so many ranks, and what of it more ranks would not help.
void print_bound(const Forecast& forecast, const Interconnect& interconnect, int ranks) {
  const auto costs = forecast.times();
  if (costs.empty()) return;
  const auto slowest = std::max_element(costs.begin(), costs.end(), [&](const StageCost& a, const StageCost& b) {
    return seconds_on(a, interconnect, ranks) < seconds_on(b, interconnect, ranks);
  });
  const double own = seconds_on(*slowest, interconnect, ranks), shared = slowest->parallel_seconds / ranks;
  fmt::print("\non {} ranks {} takes {:.0f} % of the time, {}\n", ranks, slowest->stage,
             100 * own / forecast.seconds(ranks),
             shared > own / 2                               ? "most of which more ranks would share"
             : slowest->serial_seconds > (own - shared) / 2 ? "most of which is one rank's work"
                                                            : "most of which is messages");
}

void print_warnings(const Forecast& forecast, const Workload& study, const Calibration& measured, int ranks) {
  const double rank_memory = measured.node_memory / measured.ranks;
  for (const auto& stage : forecast.memory(ranks))
    if (stage.bytes > (stage.root_alone ? measured.node_memory : rank_memory))
      fmt::print("! {} wants {} on {}; {} ranks of a node like {} have {} each\n", stage.what,
                 amount_text(stage.bytes, "B"), stage.root_alone ? "one rank" : "each rank", measured.ranks,
                 measured.host, amount_text(rank_memory, "B"));
  if (const auto unknown = forecast.unknown(); !unknown.empty())
    fmt::print("! nothing is known of {}; the sums leave out what it takes\n", fmt::join(unknown, ", "));
  for (const auto& cost : forecast.times()) {
    if (seconds_on(cost, measured.interconnect, ranks) < kLong) continue;
    const bool pairs = cost.stage == "evaluate" && study.stage("evaluate")->flag("silhouette");
    fmt::print(
        "! {} is out of reach on {} ranks{}\n", cost.stage, ranks,
        pairs ? ": its silhouettes compare all pairs of images; take silhouette = false, and select's sample" : "");
  }
}

void plan_study(Job& job) {
  const Workload study = workload_of(job);
  // Printed, not said: there is no study whose log could keep it.
  if (job.comm.is_root()) {
    fmt::print("plan for {}: {} numbers each", counted(study.images, "image"), study.dimensions);
    if (!study.ks.empty())
      fmt::print(", {} of them clustered; k = {}, {}", study.components, fmt::join(study.ks, ", "),
                 counted(study.starts(), "start"));
    fmt::print("\n");
  }
  if (job.dry_run()) return;
  Calibration measured = calibration_for(job, study);
  if (!job.comm.is_root()) return;
  measured.interconnect.latency = job.options.real("latency", measured.interconnect.latency);
  measured.interconnect.bandwidth = job.options.real("bandwidth", measured.interconnect.bandwidth);
  fmt::print("measured on {} ({}), {} of {}; messages {:.1f} us, {}/s\n", measured.host, measured.processor,
             counted(measured.ranks, "rank"), counted(measured.threads, "thread"), 1e6 * measured.interconnect.latency,
             amount_text(measured.interconnect.bandwidth, "B"));
  const Forecast forecast(job.context.commands, study, measured);
  const auto ranks = rank_counts(job.options.count("ranks"));
  print_times(forecast, measured.interconnect, ranks);
  if (job.options.given("table")) write_times(job.options.text("table"), forecast, measured.interconnect, ranks);
  print_sizes(forecast, ranks.back());
  print_bound(forecast, measured.interconnect, ranks.back());
  print_warnings(forecast, study, measured, ranks.back());
}

}  // namespace

Command plan() {
  using enum OptionType;
  return {.options = OptionList(
              "plan",
              {option::images,
               option::backbone,
               option::layer,
               option::weights,
               option::preprocess,
               option::exif,
               option::alpha,
               option::levels,
               option::fast_decode,
               option::components,
               option::algorithm,
               option::k,
               option::n_init,
               option::image_count,
               {"ranks", Role::action, count, "64", "N", "the most ranks of the allocation", 1, 1e6},
               {"calibrate", Role::action, flag, "false", "",
                "measure this node with this study, one to three minutes, and keep the result in the file of "
                "--calibration (coterie-calibration.json)"},
               option::calibration,
               {"table", Role::action, text, "", "FILE",
                "write the times as a CSV, too: stage, ranks, seconds, work and messages"},
               option::images_per_second,
               {"latency", Role::action, real, "", "SECONDS",
                "of a message; default: measured among these ranks, on one 2e-6", 0, 1},
               {"bandwidth", Role::action, real, "", "BYTES/S",
                "of a rank's link; default: measured among these ranks, on one 1e10", 1, 1e15}},
              "STUDY.ini"),
          .summary = "estimates time, memory and disk for so many images on so many ranks",
          .example = "coterie plan configs/quickstart.ini --images photos/ --ranks 16",
          .run = plan_study,
          .parallel = true,
          .needs_study = false};
}

}  // namespace coterie::jobs
