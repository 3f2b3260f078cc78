#include "artifact_name.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "job.hpp"

namespace coterie {
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

}  // namespace

void run_study(Job& job) {
  require(job.options.words.size() == 1, "run wants one study file: coterie run STUDY.ini");
  auto stages = read_study_file(job.options.words.front(), stage_names(), job.options);
  chain(stages);
  if (job.options.flag("dump-config")) {
    if (job.comm.is_root()) fmt::print("{}", study_file_text(stages));
    return;
  }
  for (const auto& stage : stages) run_command(find_command(stage.command()), stage, job.comm, job.held);
}

}  // namespace coterie
