#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace coterie::inline store {

/// Who works on a study: what its lock says.
struct LockHolder {
  std::string host;
  std::string machine;  ///< one run of one kernel, and what of its processes this one sees: here a pid means something
  std::int64_t pid = 0;
  std::int64_t start = 0;     ///< of that process, in clock ticks since the machine's own: pids are given again
  std::string job;            ///< Slurm's, with its cluster; empty without Slurm
  std::int64_t restarts = 0;  ///< how often Slurm has requeued it
  std::string since;          ///< for the person alone: clocks of machines differ
  std::string command;

  /// This process.
  static LockHolder here(std::string command, std::string since);

  std::string text() const;
  static std::optional<LockHolder> parse(const std::string& text);  ///< none when it is no lock's text

  /// "coterie extract, process 4711 on node7, Slurm job 88, since 2026-11-25 14:00:01"
  std::string description() const;
};

/// Held while a command writes to a study, so that no other does: the file study.lock in the study's folder, made with
/// O_EXCL, which holds on NFS and Lustre, too.
///
/// A thread changes the file every `beat`. A lock whose holder is dead is taken over: on the same machine when the
/// process is gone or another one has its number; when Slurm has requeued the same job since; from elsewhere when the
/// file has not changed for `patience`, by this machine's monotonic clock (so neither a jump of a clock nor two
/// clocks that differ matter). Of several that take over at once one succeeds, since its successor's file
/// (study.lock.next) is made with O_EXCL, too, and becomes the lock by a rename.
///
/// A holder that was halted for longer than `patience` ends its process as soon as it sees that another has the study.
class StudyLock {
 public:
  struct Times {
    std::chrono::milliseconds beat{2000};
    std::chrono::milliseconds patience{20000};
  };

  /// Makes the folder where missing. Throws FileError that names the holder and the way out when there is one, or
  /// when the lock cannot be written. One rank.
  StudyLock(const std::string& folder, const LockHolder& self, Times times);
  StudyLock(const std::string& folder, const LockHolder& self) : StudyLock(folder, self, Times()) {}

  /// Releases it, and removes a folder that was made for it and is still empty. A stop signal that ends the process at
  /// once releases it, too.
  ~StudyLock();
  StudyLock(const StudyLock&) = delete;
  StudyLock& operator=(const StudyLock&) = delete;

  /// Whose lock was taken over, and why that was right; empty when there was none.
  const std::string& taken_over() const;

  static std::string path_in(const std::string& folder) { return folder + "/study.lock"; }

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace coterie::inline store
