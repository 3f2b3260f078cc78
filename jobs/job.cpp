#include "job.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <thread>

#include "coterie/base/unicode.hpp"
#include "coterie/dist/progress.hpp"
#include "coterie/store/file_layout.hpp"
#include "manifest.hpp"

namespace coterie {
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

void Job::made(const std::string& path) const {
  comm.on_root([&] { study.link_all(); });
  say("made {}", path);
}

void run_command(const Command& command, const Options& options, const Communicator& comm) {
  const int threads = resolve_threads(options.count("threads"), comm);
  ThreadPool pool(threads);
  const bool studyless = command.run == plan || command.run == submit;
  const std::string folder = studyless ? "." : options.required("study");
  Job job{options, comm, pool, Study(folder), resolve_memory(options.text("memory"), comm)};
  comm.on_root([&] { job.study.refuse_links(); });
  align_datasets(resolve_alignment(options.text("hdf5-alignment"), folder, comm));
  const auto start = std::chrono::steady_clock::now();
  command.run(job);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!command.stage || job.dry_run()) return;
  job.say("{} took {} on {} rank{} × {} thread{}", command.name, duration_text(seconds), comm.size(),
          comm.size() == 1 ? "" : "s", threads, threads == 1 ? "" : "s");
  comm.on_root([&] { record_command(job.study, options, comm.size(), threads, seconds); });
}

}  // namespace coterie
