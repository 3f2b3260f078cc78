#include <algorithm>

#include "command/artifact_name.hpp"
#include "command/job.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/dist/stop_signal.hpp"

namespace coterie::jobs {
namespace {

// Each stage works on what the stage before it in this file made, even where the study holds newer artifacts.
void chain(std::vector<Options>& stages) {
  std::string features, reduction, clustering;
  const auto fill = [](Options& stage, const std::string& option, const std::string& value) {
    if (!value.empty() && takes(stage.command(), find_option("run", option)) && !stage.given(option))
      stage.set(option, value);
  };
  for (auto& stage : stages) {
    const std::string& command = stage.command();
    fill(stage, "features", features);
    if (command != "cluster" || !stage.flag("raw")) fill(stage, "reduction", reduction);
    fill(stage, "clustering", clustering);
    if (command == "extract" || command == "import") features = artifact_name(stage);
    if (command == "reduce" && !features.empty()) reduction = artifact_name(stage, features);
    if (command == "cluster" && !(features + reduction).empty())
      clustering = artifact_name(stage, stage.flag("raw") ? features : reduction);
  }
}

// Those of the file's stages that were asked for. The others have had their part in chain(): what a stage reads does
// not depend on which job runs it.
std::vector<Options> chosen(const std::vector<Options>& stages, const std::vector<std::string>& wanted,
                            const std::string& file) {
  std::vector<std::string> names;
  for (const auto& stage : stages) names.push_back(stage.command());
  for (const auto& name : wanted)
    require(std::find(names.begin(), names.end(), name) != names.end(), "{} has no [{}]{}\nIts stages: {}", file, name,
            did_you_mean(name, names), fmt::join(names, ", "));
  std::vector<Options> some;
  for (const auto& stage : stages)
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), stage.command()) != wanted.end())
      some.push_back(stage);
  return some;
}

}  // namespace

void run_study(Job& job) {
  require(job.options.words.size() == 1, "run wants one study file: coterie run STUDY.ini");
  const std::string& file = job.options.words.front();
  auto stages = read_study_file(file, stage_names(), job.options);
  chain(stages);
  stages = chosen(stages, job.options.list("stages"), file);
  if (job.options.flag("dump-config")) {
    if (job.comm.is_root()) fmt::print("{}", study_file_text(stages));
    return;
  }
  for (const auto& stage : stages) run_command(find_command(stage.command()), stage, job.comm, job.held);
}

}  // namespace coterie::jobs
