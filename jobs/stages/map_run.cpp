#include "stages/map_run.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>

#include "coterie/artifacts/embedding.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/wall_seconds.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/dist/stop_signal.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr double kFirstSave = 0.5;       // seconds until the first state is kept
constexpr double kLongest = 30;          // seconds between states at most
constexpr double kSaveShare = 0.02;      // of the time, that keeping them may take
constexpr std::int64_t kLookEvery = 10;  // iterations between looks at the clock and at signals, which all ranks share

std::string folder_of(const Job& job, const std::string& name) {
  return job.study.folder() + "/" + Kind::embeddings.folder + "/" + name + ".partial";
}

}  // namespace

TsneResult run_map(const Job& job, const std::string& name, std::int64_t rows, int dimensions, int iterations,
                   std::vector<double> start, const Optimisation& optimise) {
  const std::string folder = folder_of(job, name), path = folder + "/state.h5";
  job.comm.on_root([&] { make_folder(folder); });
  auto kept = read_map_state(path, job.recipe, rows, dimensions);
  const bool resumed = !job.comm.any(!kept.has_value());
  if (resumed) job.say("goes on after iteration {}", kept->iteration);
  Progress progress(job.speaks(), "embed", iterations, "iterations");
  std::int64_t shown = 0;
  double saved = wall_seconds(), every = kFirstSave;
  TsneWatch watch;
  watch.after = [&](const TsneReport& report, const std::function<TsneState()>& state) {
    progress.advance(report.iteration - shown);
    shown = report.iteration;
    if (!std::isnan(report.kl_divergence))
      job.say("iteration {} of {}: KL divergence {:.4f}", report.iteration, report.of, report.kl_divergence);
    if (report.iteration % kLookEvery != 0) return true;
    const bool stop = job.comm.any(StopSignal::seen_here());
    if (stop || job.comm.any(wall_seconds() - saved > every)) {
      const double begin = wall_seconds();
      write_map_state(path, job.recipe, state(), dimensions, job.comm);
      saved = wall_seconds();
      every = std::min(kLongest, (saved - begin) / kSaveShare);
    }
    return !stop;
  };
  watch.every = std::max(50, iterations / 5 / 50 * 50);
  StopSignal::remember();
  TsneState from;
  if (resumed)
    from = std::move(*kept);
  else
    from.positions = std::move(start);
  TsneResult found = optimise(std::move(from), watch);
  StopSignal::end_at_once();
  if (found.stopped)
    throw Stopped(fmt::format("{}: stopped in good order; the same command goes on from here",
                              job.study.path(Kind::embeddings, name)));
  return found;
}

void forget_map_state(const Job& job, const std::string& name) {
  std::error_code ignored;
  fs::remove_all(folder_of(job, name), ignored);
}

}  // namespace coterie::jobs
