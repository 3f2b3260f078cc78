#include "planning/expected_time.hpp"

#include "coterie/base/counted.hpp"
#include "coterie/dist/progress.hpp"
#include "planning/effort.hpp"

namespace coterie::jobs {
namespace {

constexpr double kLong = 60;  // seconds: who waits longer wants to know before

}  // namespace

double expected_seconds(const Job& job, std::int64_t rows, std::int64_t columns, const std::vector<std::int64_t>& ks,
                        std::int64_t components) {
  const StageEffort* effort = job.command.stage ? job.command.stage->effort : nullptr;
  if (effort == nullptr || effort->cost == nullptr) return 0;
  Workload work;
  work.stages = {job.options};
  work.images = rows;
  work.dimensions = columns;
  work.components = components > 0 ? components : columns;
  work.ks = ks;
  StageCost cost;
  effort->cost(work, Calibration{}, cost);
  return cost.flops / (effort->flops_a_second * job.pool.threads() * job.comm.size());
}

void tell_expected(const Job& job, const Kind& kind, const std::string& name, double seconds,
                   const std::string& way_out) {
  if (seconds <= kLong && !job.dry_run()) return;
  bool there = false;
  if (job.dry_run())
    job.comm.on_root(
        [&] { there = is_current(job.study.path(kind, name), job.recipe, job.options.flag("overwrite")); });
  job.comm.broadcast(std::span(&there, 1));
  if (there) return;
  job.say("{} take about {} on {} × {}{}", job.dry_run() ? "would" : "this will", duration_text(seconds),
          counted(job.comm.size(), "rank"), counted(job.pool.threads(), "thread"),
          seconds > kLong && !way_out.empty() ? ": " + way_out : "");
}

}  // namespace coterie::jobs
