#include "command/job.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <thread>

#include "command/held_studies.hpp"
#include "command/manifest.hpp"
#include "coterie/base/unicode.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/store/file_layout.hpp"

namespace coterie::jobs {
namespace {

// The cores this rank is bound to, or, where all ranks of the node may use all cores, its share of them.
int resolve_threads(std::int64_t asked, const Communicator& comm) {
  if (asked > 0) return static_cast<int>(asked);
  cpu_set_t mask;
  CPU_ZERO(&mask);
  const int bound = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
  const int online = static_cast<int>(std::thread::hardware_concurrency());
  if (bound * comm.local_size() <= std::max(online, 1)) return std::max(bound, 1);
  return std::max(1, std::max(online, bound) / comm.local_size());
}

std::int64_t resolve_memory(const std::string& asked, const Communicator& comm) {
  if (asked != "auto") return parse_size(asked);
  const std::int64_t node = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  return node / 2 / comm.local_size();
}

// An export to another place wants nothing of a study but to read it: one that is read-only serves.
bool leaves_study_alone(const Job& job) {
  if (job.options.command() != "export" || !job.options.given("to")) return false;
  bool alone = false;
  job.comm.on_root([&] {
    const char* folder = job.study.folder().c_str();
    alone = access(folder, F_OK) == 0 && access(folder, W_OK) != 0;
    if (alone) job.say("{} may not be written to; its manifest will not tell of this export", job.study.folder());
  });
  job.comm.broadcast(std::span(&alone, 1));
  return alone;
}

// By the root's word: all ranks write one file.
std::int64_t resolve_alignment(const std::string& asked, const std::string& folder, const Communicator& comm) {
  if (asked != "auto") return parse_size(asked);
  std::int64_t bytes = comm.is_root() ? alignment_for(file_system_of(folder)) : 0;
  comm.broadcast(std::span(&bytes, 1));
  return bytes;
}

}  // namespace

void Job::speak(const std::string& line) const {
  const std::string shown = printable_lines(line);
  fmt::print("{}\n", shown);
  std::fflush(stdout);
  if (dry_run() || !std::filesystem::is_directory(study.folder())) return;
  const std::string path = study.folder() + "/run.log",
                    entry = fmt::format("{}  {}: {}\n", timestamp(), options.command(), shown);
  const int log = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (log < 0) return;  // a study that may only be read keeps no log
  const ssize_t written = write(log, entry.data(), entry.size());
  static_cast<void>(written);  // the person has read it
  close(log);
}

bool Job::must_make(const std::string& path, const Recipe& recipe) const {
  bool wanted = false;
  comm.on_root([&] { wanted = study.standing(path, recipe, options.flag("overwrite")) != Standing::current; });
  comm.broadcast(std::span(&wanted, 1));
  if (!wanted) say("{} is up to date", path);
  if (wanted && dry_run()) say("would make {}", path);
  return wanted && !dry_run();
}

void run_command(const Command& command, const Options& options, const Communicator& comm, HeldStudies& held) {
  const int threads = resolve_threads(options.count("threads"), comm);
  ThreadPool pool(threads);
  const bool studyless = command.run == plan || command.run == submit;
  const std::string folder = studyless ? "." : options.required("study");
  Job job{options, comm, pool, Study(folder), resolve_memory(options.text("memory"), comm), held};
  comm.on_root([&] { job.study.refuse_links(); });
  align_datasets(resolve_alignment(options.text("hdf5-alignment"), folder, comm));
  const bool writes = command.stage && !job.dry_run() && !leaves_study_alone(job);
  if (writes) held.hold(job);
  const auto start = std::chrono::steady_clock::now();
  command.run(job);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!writes) return;
  job.say("{} took {} on {} rank{} × {} thread{}", command.name, duration_text(seconds), comm.size(),
          comm.size() == 1 ? "" : "s", threads, threads == 1 ? "" : "s");
  // Also after a command that found its artifact up to date: the one before may have been killed on its way here.
  comm.on_root([&] {
    job.study.link_all();
    record_command(job.study, options, comm.size(), threads, seconds);
  });
}

}  // namespace coterie::jobs
