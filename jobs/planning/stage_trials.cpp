#include "planning/stage_trials.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "planning/effort.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;

int StageTrials::ranks() const { return job.comm.size(); }
const CommandList& StageTrials::commands() const { return job.context.commands; }

void StageTrials::announce(const std::string& text) const {
  if (!job.comm.is_root()) return;
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

Options StageTrials::options_of(const Command& command) const {
  const Options* stage = study.stage(command.name());
  Options options(command.options);
  if (stage == nullptr) return options;
  for (const auto& option : command.options.all()) {
    const std::string name(option.name);
    const bool kept = option.role != Role::place && option.role != Role::action && name != "labels";
    if (stage->given(name) && (kept || name == "weights")) options.set(name, stage->text(name));
  }
  return options;
}
Options StageTrials::options_of(const std::string& command) const {
  return options_of(find_command(commands(), command));
}

std::vector<const Command*> StageTrials::tried_on(Trial trial) const {
  std::vector<const Command*> tried;
  for (const auto& stage : study.stages)
    if (const Command& command = find_command(commands(), stage.command()); command.stage->trial == trial)
      tried.push_back(&command);
  return tried;
}

// Weights that the study trains itself: those that the trial of train left in the same folder.
void StageTrials::take_trained(const std::string& folder, Options& options) const {
  if (study.stage("train") == nullptr || !options.list().takes("weights")) return;
  const fs::path weights = options.text("weights");
  const std::string tried = scratch.path(folder) + "/checkpoints/" + weights.filename().string();
  if (!weights.empty() && !fs::exists(weights) && fs::exists(tried)) options.set("weights", tried);
}

double StageTrials::seconds(const std::string& folder, Options options) const {
  options.set("study", scratch.path(folder));
  take_trained(folder, options);
  const Context quiet{commands(), job.comm, job.context.held, true};
  Job own = make_job(quiet, find_command(commands(), options.command()), options, job.pool, job.memory_bytes);
  job.comm.barrier();
  const auto begin = std::chrono::steady_clock::now();
  own.command.run(own);
  job.comm.barrier();
  return job.comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
}

double StageTrials::sample(const std::string& folder, const Command& stage, double rows, Samples& samples) const {
  const StageEffort* effort = stage.stage->effort;
  Options options = options_of(stage);
  if (effort != nullptr && effort->for_trial != nullptr) effort->for_trial(options, study);
  const double whole = seconds(folder, options);
  samples[stage.name()].push_back({rows, whole});
  if (effort == nullptr) return whole;
  double all = whole;
  for (const auto& part : effort->parts) {
    Options altered = options;
    part.alter(altered, study);
    altered.set("overwrite", "true");
    const double more = std::max(seconds(folder, altered) - whole, 1e-6);
    samples[part.name].push_back({rows, more});
    all += more;
  }
  return all;
}

void StageTrials::fit_stage(const Command& stage, const Samples& samples) {
  const StageEffort* effort = stage.stage->effort;
  const bool alone = effort == nullptr || effort->on_root;
  const auto growth = [&](auto bound) {
    return effort == nullptr || effort->*bound == nullptr ? 1.0 : (effort->*bound)(study);
  };
  found.parts[stage.name()] = fit(samples.at(stage.name()), alone ? 1 : ranks(), growth(&StageEffort::least_growth),
                                  growth(&StageEffort::most_growth));
  if (effort == nullptr) return;
  for (const auto& part : effort->parts)
    found.parts[part.name] = fit(samples.at(part.name), ranks(), part.least_growth, part.most_growth);
}

}  // namespace coterie::jobs
