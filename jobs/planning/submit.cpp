// A study as a batch job: the allocation is worked out from the plan, shown, and asked for with --yes alone.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "command/all_commands.hpp"
#include "command/job.hpp"
#include "command/shared_options.hpp"
#include "coterie/base/counted.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/shell_quoted.hpp"
#include "coterie/base/text_encoding.hpp"
#include "coterie/dist/progress.hpp"
#include "planning/batch_script.hpp"
#include "planning/forecast.hpp"
#include "planning/measure_study.hpp"

namespace coterie::jobs {
namespace fs = std::filesystem;
namespace {

constexpr double kStart = 600;   // seconds of every job for what no plan knows: a busy file system, loading
constexpr double kNotice = 120;  // that Slurm gives before the limit (slurm/study.sbatch)
constexpr double kMemoryMargin = 1.25;
constexpr double kMemoryBeside = 500e6;  // of a node: the launcher, and pages on their way to disk

/// What is asked for, and why.
struct Allocation {
  std::int64_t nodes, ranks_a_node, threads;
  double seconds;          ///< that the study will take
  double limit;            ///< seconds of one job
  std::int64_t memory_mb;  ///< of a node

  int ranks() const { return static_cast<int>(nodes * ranks_a_node); }
};

std::string template_text(const Options& options) {
  const std::string path = options.text("template");
  if (path.empty()) return study_sbatch();
  std::ifstream file(path);
  if (!file) throw FileError(path, "cannot be read; --template names a batch script such as slurm/study.sbatch");
  std::ostringstream text;
  text << file.rdbuf();
  return unmarked_text(text.str(), path);
}

Allocation work_out(const CommandList& commands, const Options& options, const Workload& study,
                    const Calibration& measured) {
  Allocation wanted{options.count("nodes"),
                    options.count("ranks-per-node", measured.ranks),
                    options.count("cpus-per-rank", measured.threads),
                    0,
                    0,
                    0};
  const Forecast forecast(commands, study, measured);
  wanted.seconds = forecast.seconds(wanted.ranks());
  wanted.limit =
      options.given("time") ? slurm_seconds(options.text("time")) : wanted.seconds * options.real("margin") + kStart;
  require(wanted.limit > kNotice,
          "a job of {} is over before it begins: Slurm tells it {:.0f} s before its end; give --time more",
          options.text("time"), kNotice);
  const double bytes = forecast.node_memory(wanted.ranks(), wanted.ranks_a_node) * kMemoryMargin + kMemoryBeside;
  wanted.memory_mb = static_cast<std::int64_t>(std::ceil(bytes / 0x1p20 / 256)) * 256;
  return wanted;
}

std::map<std::string, std::string> directives_of(const Options& options, const Allocation& wanted) {
  const auto number = [](std::int64_t value) { return value > 0 ? fmt::to_string(value) : std::string(); };
  return {{"job-name", fs::path(options.words.front()).stem().string()},
          {"nodes", number(wanted.nodes)},
          {"ntasks-per-node", number(wanted.ranks_a_node)},
          {"cpus-per-task", number(wanted.threads)},
          {"gpus-per-task", number(options.count("gpus-per-rank"))},
          {"mem", fmt::format("{}M", wanted.memory_mb)},
          {"time", options.given("time") ? options.text("time") : slurm_time(wanted.limit)},
          {"partition", options.text("partition")},
          {"account", options.text("account")}};
}

void explain(const Workload& study, const Calibration& measured, const Allocation& wanted) {
  fmt::print("{} on {} × {} × {}: {} by what {} was seen to do\n", counted(study.images, "image"),
             counted(wanted.nodes, "node"), counted(wanted.ranks_a_node, "rank"), counted(wanted.threads, "thread"),
             duration_text(wanted.seconds), measured.host);
  if (wanted.seconds + kStart > wanted.limit)
    fmt::print("one job of {} does not hold it: about {:.0f} jobs, each going on from the one before\n",
               slurm_time(wanted.limit), std::ceil(wanted.seconds / (wanted.limit - kNotice)));
  if (study.networks.size() + study.stages.size() > 0 && wanted.threads != measured.threads)
    fmt::print("(measured with {} a rank; --cpus-per-rank asks for {})\n", counted(measured.threads, "thread"),
               wanted.threads);
}

/// As this process was started with it: MPI has since added what would make the job's ranks take themselves for this
/// one.
std::vector<std::string> original_environment() {
  std::ifstream file("/proc/self/environ", std::ios::binary);
  std::vector<std::string> variables;
  for (std::string variable; std::getline(file, variable, '\0');) variables.push_back(variable);
  return variables;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// sbatch with these arguments, no shell between. Throws Error unless it ends well.
void run_sbatch(std::vector<std::string> arguments) {
  std::vector<std::string> variables = original_environment();
  const auto words = pointers_to(arguments), environment = pointers_to(variables);
  std::fflush(stdout);
  const pid_t child = fork();
  require(child >= 0, "sbatch cannot be started: no process can be made");
  if (child == 0) {
    execvpe(words.front(), words.data(), environment.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  if (code == 127) throw Error("sbatch is not on this machine's PATH; submit from a login node of the cluster");
  if (code != 0) throw Error(fmt::format("sbatch ended with code {}; what it said stands above", code));
}

void submit_study(Job& job) {
  require(job.options.words.size() == 1, "submit wants one study file: coterie submit STUDY.ini");
  require(job.comm.size() == 1, "submit is for one process: start it without mpirun");
  const std::string& file = job.options.words.front();
  const Workload study = workload_of(job);
  const std::string kept = job.options.text("calibration");
  const Calibration measured = kept.empty() ? measure_study(job, study) : read_calibration(kept, study.shape());
  const Allocation wanted = work_out(job.context.commands, job.options, study, measured);
  const std::string text = fill_batch_script(template_text(job.options), directives_of(job.options, wanted));
  const std::string path =
      job.options.given("script") ? job.options.text("script") : fs::path(file).replace_extension(".sbatch").string();
  explain(study, measured, wanted);
  fmt::print("\n{}\n", text);
  if (job.dry_run()) return fmt::print("would write {}\n", path);
  write_new_file(path, text);
  std::vector<std::string> command = {"sbatch", path, file};
  for (const char* handed_on : {"study", "images", "memory"})
    if (job.options.given(handed_on)) command.push_back(fmt::format("--{}={}", handed_on, job.options.text(handed_on)));
  fmt::print("wrote {}\n", path);
  if (!job.options.flag("yes")) {
    std::string line;
    for (const auto& word : command) line += ' ' + shell_quoted(word);
    return fmt::print("nothing was submitted; --yes does, or:{}\n", line);
  }
  run_sbatch(command);
}

}  // namespace

Command submit() {
  using enum OptionType;
  return {
      .options = OptionList(
          "submit",
          {option::images,
           option::image_count,
           option::calibration,
           option::images_per_second,
           {"nodes", Role::action, count, "1", "N", "nodes of the allocation", 1, 1e6},
           {"ranks-per-node", Role::action, count, "", "N", "ranks of each; default: as many as were measured", 1,
            4096},
           {"cpus-per-rank", Role::action, count, "", "N",
            "cores of each rank; default: as many threads as were measured", 1, 4096},
           {"gpus-per-rank", Role::action, count, "0", "N", "GPUs of each rank", 0, 16},
           {"partition", Role::action, text, "", "NAME", "the partition; default: the cluster's"},
           {"account", Role::action, text, "", "NAME", "the account that pays; default: yours"},
           {"time", Role::action, text, "", "LIMIT",
            "time limit of one job, as Slurm writes it (12:00:00); a shorter one than the study needs makes several "
            "jobs; default: the plan's time with --margin and ten minutes"},
           {"margin", Role::action, real, "1.5", "FACTOR", "on the time that plan estimates", 1, 100},
           {"template", Role::action, text, "", "FILE",
            "a batch script of your own to fill in; default: slurm/study.sbatch"},
           {"script", Role::action, text, "", "FILE",
            "where to write the filled script; default: beside the study file, as .sbatch"},
           {"yes", Role::action, flag, "false", "", "submit it; otherwise it is only shown and written"}},
          "STUDY.ini"),
      .summary = "works out a Slurm job for a study file, shows it, and submits it with --yes",
      .example = "coterie submit study.ini --calibration node.json --nodes 2",
      .run = submit_study,
      .needs_study = false};
}

}  // namespace coterie::jobs
