#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "coterie/artifacts/images.hpp"
#include "coterie/artifacts/row_names.hpp"
#include "coterie/base/job_limits.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/images/listing.hpp"
#include "stages/list_options.hpp"

namespace coterie::jobs {
namespace {

// Each stage works on what the stage before it in this file made, even where the study holds newer artifacts.
void chain(const CommandList& commands, std::vector<Options>& stages) {
  std::map<std::string, std::string> made;  // what a kind is called -> the name of the last one
  for (auto& options : stages) {
    const Command& command = find_command(commands, options.command());
    std::string parent;
    for (const auto& kind : command.stage->reads(options)) {
      const std::string one = kind.one;
      if (made.contains(one) && command.options.takes(one) && !options.given(one)) options.set(one, made.at(one));
      if (command.options.takes(one)) parent = options.text(one);
    }
    if (!command.stage->makes) continue;
    // Without a parent in the file its name is known when it is made; nothing later may take it for granted.
    if (const std::string name = artifact_name(command, options, parent); !name.empty())
      made[command.stage->makes->one] = name;
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

// Says what a stage would make of what an earlier one of the same dry run would; false where what it reads is there.
bool waits(const Job& job, const Command& command, const Options& stage, std::map<std::string, std::string>& to_come) {
  const Options options = settled(command, stage);
  const Study study(stage.text("study"));
  std::string first, parent;
  for (const auto& kind : command.stage->reads(options)) {
    if (command.options.takes(kind.one)) parent = options.text(kind.one);
    if (const auto made = to_come.find(kind.one); made != to_come.end() && first.empty()) first = made->second;
  }
  std::string makes;
  if (const auto& kind = command.stage->makes) {
    makes = *kind == Kind::images ? study.images_path() : study.path(*kind, artifact_name(command, options, parent));
    // What is there may be up to date, so the stages that read it can say what they would do.
    const bool there = job.context.comm.any(std::filesystem::exists(makes));
    if (!there || !first.empty()) to_come[kind->one] = makes;
  }
  if (first.empty()) return false;
  if (makes.empty())
    job.say("would run {}, once {} is made", command.name(), first);
  else
    job.say("would make {}, once {} is made", makes, first);
  return true;
}

// What a column of a later stage's --labels may be; none where it is not known yet.
using Columns = std::optional<std::vector<std::string>>;

// Of a list or a table, which say it at once; a folder may hold shards that bring columns along.
Columns columns_of_list(const Options& scan) {
  ListingOptions options{.source = scan.text("images")};
  take_list_options(scan, options);
  if (!std::filesystem::is_regular_file(options.source) || has_shard_suffix(options.source)) return {};
  ImageList list = find_images(options);
  list.columns.emplace_back("folder");
  return std::move(list.columns);
}

Columns columns_of_study(const std::string& folder) {
  const Study study(folder);
  if (!study.holds("images")) return {};
  return read_image_table(study.images_path()).columns;
}

void check_labels(const std::vector<Options>& stages, const Columns& columns) {
  if (!columns) return;
  RowNames rows;  // that have these columns, and no row
  rows.columns = *columns;
  rows.values.resize(columns->size());
  for (const auto& stage : stages)
    if (stage.list().takes("labels"))
      for (const auto& column : stage.texts("labels")) {
        try {
          column_of(rows, column);
        } catch (const InvalidArgument& error) {
          throw InvalidArgument(fmt::format("[{}], labels: {}", stage.command(), error.what()));
        }
      }
}

// Hours of extraction should not end at a mistake that a later stage's options show already.
void check_stages(const CommandList& commands, const std::vector<Options>& stages) {
  for (const auto& stage : stages) {
    const Command& command = find_command(commands, stage.command());
    try {
      const Options options = settled(command, stage);
      if (command.options.takes("name") && options.given("name")) require_artifact_name(options.text("name"));
      if (command.stage->check != nullptr) command.stage->check(options);
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(fmt::format("[{}]: {}", stage.command(), error.what()));
    }
  }
}

bool is_scan(const Options& stage) { return stage.command() == "scan"; }

void run_stages(const Job& job, const std::vector<Options>& stages) {
  const bool images = std::none_of(stages.begin(), stages.end(), [](const auto& s) { return s.command() == "import"; });
  job.comm.on_root([&] {
    check_stages(job.context.commands, stages);
    const auto scan = std::find_if(stages.begin(), stages.end(), is_scan);
    if (images && scan != stages.end() && scan->given("images")) check_labels(stages, columns_of_list(*scan));
  });
  std::map<std::string, std::string> to_come;
  for (const auto& stage : stages) {
    const Command& command = find_command(job.context.commands, stage.command());
    if (!stage.flag("dry-run") || !waits(job, command, stage, to_come)) run_command(job.context, command, stage);
    if (images && is_scan(stage) && !stage.flag("dry-run"))
      job.comm.on_root([&] { check_labels(stages, columns_of_study(stage.text("study"))); });
  }
}

// How much, and who says so: of a job that ends for want of it, this is what its log should hold.
void tell_memory(const Job& job) {
  if (job.options.text("memory") != "auto") return;
  const JobLimit limit = memory_limit();
  job.say("--memory auto: {} MiB of rows for each rank; {} allows {:.0f} MiB on this node", job.memory_bytes >> 20,
          limit.by, limit.amount / 0x1p20);
}

void run_study(Job& job) {
  require(job.options.words.size() == 1, "run wants one study file: coterie run STUDY.ini");
  const std::string& file = job.options.words.front();
  const CommandList& commands = job.context.commands;
  auto stages = read_study_file(file, stage_options(commands), job.asked);
  chain(commands, stages);
  stages = chosen(stages, job.options.texts("stages"), file);
  if (job.options.flag("dump-config")) {
    for (auto& stage : stages) stage = settled(find_command(commands, stage.command()), stage);
    if (job.comm.is_root()) fmt::print("{}", study_file_text(stages));
    return;
  }
  tell_memory(job);
  run_stages(job, stages);
}

constexpr Option kStages{"stages", Role::action, OptionType::text,
                         "",       "STAGE,...",  "only these stages of the file, for one job of several; default: all"};

}  // namespace

Command run_command_of(const CommandList& stages) {
  return {.options = OptionList("run", {kStages}, "STUDY.ini", joined(stage_options(stages))),
          .summary = "runs the whole study that an INI file describes",
          .example = "mpirun -n 4 coterie run configs/quickstart.ini",
          .run = run_study,
          .parallel = true,
          .needs_study = false};
}

}  // namespace coterie::jobs
