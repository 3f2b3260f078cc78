#include "outputs/report_history.hpp"

#include <algorithm>
#include <set>

#include "command/lineage.hpp"
#include "coterie/base/version.hpp"

namespace coterie::jobs {
namespace {

ArtifactReader open_address(const ReportSources& from, const std::string& address) {
  return ArtifactReader(from.study.path(address));
}

// The artifact after all that it was made from, each once.
void add_with_parents(const ReportSources& from, const std::string& address, std::vector<std::string>& order) {
  if (std::find(order.begin(), order.end(), address) != order.end() || !from.study.holds(address)) return;
  const Recipe recipe = open_address(from, address).recipe();
  for (const auto& [parent, ignored] : recipe.parents()) add_with_parents(from, parent, order);
  order.push_back(address);
}

// What the shown solution rests on.
std::vector<std::string> own_addresses(const ReportSources& from) {
  std::vector<std::string> order;
  const std::string& name = from.clustering.name();
  if (from.scanned) order.emplace_back("images");
  add_with_parents(from, Study::address(Kind::clusterings, name), order);
  if (from.evaluation) add_with_parents(from, Study::address(Kind::evaluations, name), order);
  if (from.selection) add_with_parents(from, Study::address(Kind::selections, name), order);
  return order;
}

// And what stands beside it.
std::vector<std::string> all_addresses(const ReportSources& from, const Report& report) {
  std::vector<std::string> order = own_addresses(from);
  for (const auto& each : report.assignments)
    add_with_parents(from, Study::address(Kind::assignments, each.name), order);
  for (const auto& each : report.comparisons)
    add_with_parents(from, Study::address(Kind::comparisons, each.name), order);
  return order;
}

void add_artifact(const ReportSources& from, const std::string& address, Report& report) {
  const ArtifactReader artifact = open_address(from, address);
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

std::vector<ManifestCommand> runs_of(const ReportSources& from, const std::vector<std::string>& addresses) {
  std::vector<ManifestCommand> runs;
  std::set<const ManifestCommand*> taken;
  for (const auto& address : addresses) {
    const Generation* made = from.manifest.find(address, open_address(from, address).digest());
    const ManifestCommand* run = made == nullptr ? nullptr : run_of(from.manifest, *made);
    if (run != nullptr && taken.insert(run).second) runs.push_back(*run);
  }
  return runs;
}

}  // namespace

void fill_history(const Job& job, const ReportSources& from, Report& report) {
  const std::vector<std::string> own = own_addresses(from), all = all_addresses(from, report);
  for (const auto& address : all) add_artifact(from, address, report);
  report.commands = commands_for(from.study, from.commands, from.manifest, all, Again::no);
  const std::string study = shell_quoted(from.study.folder());
  if (const auto& choice = from.manifest.choice;
      choice && choice->by == "choose" && choice->clustering == from.clustering.name())
    report.commands.push_back(
        fmt::format("coterie choose --study {} --clustering {} --k {}", study, choice->clustering, choice->k));
  const std::string arguments = arguments_text(job.asked, true);
  report.commands.push_back(
      fmt::format("coterie report --study {}{}{}", study, arguments.empty() ? "" : " ", arguments));
  auto configured = runs_of(from, own);
  configured.push_back({.config = study_file_text({job.options})});
  report.config = study_config(configured, stage_options(from.commands));
  report.citation =
      fmt::format("coterie, version {}: software that groups image collections without labels.", version());
  for (const auto& run : runs_of(from, all))
    report.environment.push_back({run.when, fmt::format("{}: {:.1f} s, {} ranks × {} threads on {}, coterie {}",
                                                        run.command_line.substr(0, run.command_line.find(" --")),
                                                        run.seconds, run.ranks, run.threads, run.host, run.version)});
}

}  // namespace coterie::jobs
