#include "held_studies.hpp"

#include <filesystem>

#include "manifest.hpp"

namespace coterie {

void HeldStudies::hold(const Job& job) {
  job.comm.on_root([&] {
    const std::string& folder = job.study.folder();
    auto& lock = locks_[std::filesystem::weakly_canonical(folder).string()];
    if (lock) return;
    lock = std::make_unique<StudyLock>(folder, LockHolder::here(command_line_text(job.options), timestamp()));
    if (!lock->taken_over().empty())
      job.say("took over {} from a job that is dead ({})", StudyLock::path_in(folder), lock->taken_over());
  });
}

}  // namespace coterie
