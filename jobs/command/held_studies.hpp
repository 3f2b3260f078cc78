#pragma once

#include <map>
#include <memory>
#include <string>

#include "command/job.hpp"
#include "coterie/store/study_lock.hpp"

namespace coterie::jobs {

/// The studies that this job has locked, each from the first command that writes to it to the end of the program.
class HeldStudies {
 public:
  /// Locks the job's study unless it is held already; collective. Throws, alike on all ranks, when another job has it.
  void hold(const Job& job);

 private:
  std::map<std::string, std::unique_ptr<StudyLock>> locks_;  ///< by the folder's path; on the root alone
};

}  // namespace coterie::jobs
