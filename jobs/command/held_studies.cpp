#include "command/held_studies.hpp"

#include <filesystem>

#include "command/manifest.hpp"

namespace coterie::jobs {

void HeldStudies::hold(const Job& job) {
  job.comm.on_root([&] {
    const std::string& folder = job.study.folder();
    // Made absolute first: of a relative path that is not there yet weakly_canonical gives the path as it is, and
    // another answer once the folder is there.
    auto& lock = locks_[std::filesystem::weakly_canonical(std::filesystem::absolute(folder)).string()];
    if (lock) return;
    lock = std::make_unique<StudyLock>(folder, LockHolder::here(command_line_text(job.options), timestamp()));
    if (!lock->taken_over().empty())
      job.say("took over {} from a job that is dead ({})", StudyLock::path_in(folder), lock->taken_over());
  });
}

}  // namespace coterie::jobs
