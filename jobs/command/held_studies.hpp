#pragma once

#include <map>
#include <memory>
#include <string>

#include "coterie/dist/communicator.hpp"
#include "coterie/store/study_lock.hpp"

namespace coterie::jobs {

struct Job;

/// The studies that this job has locked, each from the first command that writes to it to the end of the program.
class HeldStudies {
 public:
  /// Locks the job's study unless it is held already, and makes sure that all ranks see that same folder; collective.
  /// Throws, alike on all ranks, when another job has it, or when a rank sees another folder under its name.
  void hold(const Job& job);

 private:
  std::map<std::string, std::unique_ptr<StudyLock>> locks_;  ///< by the folder's path; on the root alone
};

}  // namespace coterie::jobs
