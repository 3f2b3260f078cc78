#include "command/held_studies.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "command/job.hpp"
#include "command/manifest.hpp"
#include "coterie/base/new_file.hpp"

namespace coterie::jobs {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);  // of a network file system that shows a new file late
constexpr auto kLook = std::chrono::milliseconds(100);

// Who holds the lock that this rank sees: the text below the line that changes all the time (StudyLock).
std::string holder_seen(const std::string& folder) {
  std::ifstream lock(StudyLock::path_in(folder));
  std::string text;
  std::getline(lock, text);
  text.assign(std::istreambuf_iterator<char>(lock), {});
  return text;
}

// Without this the ranks would wait for ever for a file that only some of them can see. Every rank looks until it sees
// what the root sees, which a network file system may take a while to show.
void require_one_folder(const Job& job) {
  const std::string& folder = job.study.folder();
  std::string wanted = job.comm.is_root() ? holder_seen(folder) : "";
  job.comm.broadcast(wanted);
  std::string root = host_name();
  job.comm.broadcast(root);
  job.comm.together([&] {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (holder_seen(folder) != wanted) {
      if (std::chrono::steady_clock::now() > deadline)
        throw FileError(std::filesystem::absolute(folder).lexically_normal().string(),
                        fmt::format("rank {} on {} sees another folder there than rank 0 on {}. A study must lie where "
                                    "all ranks reach it by the same path: on a shared file system, not in a node's own "
                                    "/tmp",
                                    job.comm.rank(), host_name(), root));
      std::this_thread::sleep_for(kLook);
    }
  });
}

}  // namespace

void HeldStudies::hold(const Job& job) {
  bool fresh = false;
  job.comm.on_root([&] {
    const std::string& folder = job.study.folder();
    // Made absolute first: of a relative path that is not there yet weakly_canonical gives the path as it is, and
    // another answer once the folder is there.
    auto& lock = locks_[std::filesystem::weakly_canonical(std::filesystem::absolute(folder)).string()];
    if (lock) return;
    lock = std::make_unique<StudyLock>(folder, LockHolder::here(command_line_text(job.asked), timestamp()));
    fresh = true;
    for (const char* record : {"/manifest.json", "/study.h5"}) require_replaceable(folder + record);
    if (!lock->taken_over().empty())
      job.say(
          "took over {} from a job that is dead ({}). If nobody stopped it, memory may have run out: the system then "
          "ends a job without a word (sacct -j JOB, or dmesg). A smaller --memory, or more memory for the job, helps",
          StudyLock::path_in(folder), lock->taken_over());
  });
  job.comm.broadcast(std::span(&fresh, 1));
  if (fresh && job.comm.size() > 1) require_one_folder(job);
}

}  // namespace coterie::jobs
