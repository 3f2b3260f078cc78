#include "outputs/report_history.hpp"

#include <algorithm>
#include <set>

#include "command/lineage.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "coterie/base/version.hpp"

namespace coterie::jobs {
namespace {

ArtifactReader open_address(const Study& study, const std::string& address) {
  return ArtifactReader(study.path(address));
}

// The artifact after all that it was made from, each once.
void add_with_parents(const Study& study, const std::string& address, std::vector<std::string>& order) {
  if (std::find(order.begin(), order.end(), address) != order.end() || !study.holds(address)) return;
  const Recipe recipe = open_address(study, address).recipe();
  for (const auto& [parent, ignored] : recipe.parents()) add_with_parents(study, parent, order);
  order.push_back(address);
}

void add_artifact(const Study& study, const std::string& address, Report& report) {
  const ArtifactReader artifact = open_address(study, address);
  ReportArtifact made{artifact.recipe().stage(), address + ".h5", {}};
  for (const auto& [parameter, value] : artifact.recipe().parameters()) made.recipe.push_back({parameter, value});
  for (const auto& [parent, digest] : artifact.recipe().parents()) made.recipe.push_back({"made of " + parent, digest});
  for (const auto& [input, digest] : artifact.recipe().inputs()) made.recipe.push_back({"input: " + input, digest});
  for (const auto& [software, version] : artifact.recipe().software()) made.recipe.push_back({software, version});
  made.recipe.push_back({"recipe SHA-256", artifact.recipe().digest()});
  made.recipe.push_back({"content SHA-256", artifact.digest()});
  report.artifacts.push_back(std::move(made));
}

// The run that made this generation: of those of its stage that ended then or later the first, by its options where
// several of one second could be meant. Null where the manifest does not know.
const ManifestCommand* run_of(const Manifest& manifest, const Generation& made) {
  const ManifestCommand* first = nullptr;
  for (const auto& run : manifest.commands) {
    if (run.when < made.when || !run.command_line.starts_with("coterie " + made.command + " ")) continue;
    if (run.command_line.ends_with(made.arguments)) return &run;
    if (first == nullptr) first = &run;
  }
  return first;
}

std::vector<ManifestCommand> runs_of(const Study& study, const Manifest& manifest,
                                     const std::vector<std::string>& addresses) {
  std::vector<ManifestCommand> runs;
  std::set<const ManifestCommand*> taken;
  for (const auto& address : addresses) {
    const Generation* made = manifest.find(address, open_address(study, address).digest());
    const ManifestCommand* run = made == nullptr ? nullptr : run_of(manifest, *made);
    if (run != nullptr && taken.insert(run).second) runs.push_back(*run);
  }
  return runs;
}

}  // namespace

void fill_history(const Job& job, const std::vector<std::string>& shown, const std::vector<std::string>& beside,
                  Report& report) {
  const Manifest manifest = read_manifest(job.study);
  std::vector<std::string> own;
  for (const auto& address : shown) add_with_parents(job.study, address, own);
  std::vector<std::string> all = own;
  for (const auto& address : beside) add_with_parents(job.study, address, all);
  for (const auto& address : all) add_artifact(job.study, address, report);
  report.commands = commands_for(job.study, job.context.commands, manifest, all, Again::no);
  const std::string study = shell_quoted(job.study.folder());
  if (const auto& choice = manifest.choice;
      choice && choice->by == "choose" &&
      std::find(own.begin(), own.end(), Study::address(Kind::clusterings, choice->clustering)) != own.end())
    report.commands.push_back(
        fmt::format("coterie choose --study {} --clustering {} --k {}", study, choice->clustering, choice->k));
  const std::string arguments = arguments_text(job.asked, true);
  report.commands.push_back(
      fmt::format("coterie report --study {}{}{}", study, arguments.empty() ? "" : " ", arguments));
  auto configured = runs_of(job.study, manifest, own);
  configured.push_back({.config = study_file_text({job.options})});
  report.config = study_config(configured, stage_options(job.context.commands));
  report.citation =
      fmt::format("coterie, version {}: software that groups image collections without labels.", version());
  for (const auto& run : runs_of(job.study, manifest, all))
    report.environment.push_back({run.when, fmt::format("{}: {:.1f} s, {} ranks × {} threads on {}, coterie {}",
                                                        run.command_line.substr(0, run.command_line.find(" --")),
                                                        run.seconds, run.ranks, run.threads, run.host, run.version)});
}

}  // namespace coterie::jobs
