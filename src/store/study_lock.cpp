#include "coterie/store/study_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/dist/stop_signal.hpp"
#include "process_start.hpp"

namespace coterie::inline store {
namespace {

using Clock = std::chrono::steady_clock;

// A lock's file: a line with the number of the beat, always as long, then who holds it.
constexpr std::size_t kBeatBytes = 21, kMostBytes = 8192;
constexpr std::size_t kMostCommand = 1000;  // bytes of a command line that are kept
constexpr int kMostRounds = 200;            // until the lock is ours or somebody's
constexpr auto kRound = std::chrono::milliseconds(10), kLook = std::chrono::milliseconds(100);

std::string beat_line(std::int64_t number) { return fmt::format("{:020}\n", number); }

// One lock that this process holds. Never changed while it stands in held_locks, which the end of the process reads.
struct Held {
  std::string path, text;
};
std::array<std::atomic<const Held*>, 16> held_locks;

// Bytes of a small file, and errno where there are none. Opened afresh each time: on NFS that alone asks the server.
ssize_t read_bytes(const char* path, char* bytes, timespec* changed) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  struct stat status {};
  const ssize_t got = fstat(file, &status) == 0 ? read(file, bytes, kMostBytes) : -1;
  const int error = errno;
  close(file);
  errno = error;
  *changed = status.st_mtim;
  return got;
}

bool is_ours(const Held& held) {
  std::array<char, kMostBytes> bytes;
  timespec changed;
  const ssize_t got = read_bytes(held.path.c_str(), bytes.data(), &changed);
  return got == static_cast<ssize_t>(kBeatBytes + held.text.size()) &&
         std::memcmp(bytes.data() + kBeatBytes, held.text.data(), held.text.size()) == 0;
}

void release_all() {
  for (const auto& slot : held_locks)
    if (const Held* held = slot.load(); held != nullptr && is_ours(*held)) unlink(held->path.c_str());
}

// What a look at a lock shows.
struct Look {
  std::string beat, holder;
  std::int64_t changed_s = 0, changed_ns = 0;

  bool operator==(const Look&) const = default;
};

// None when there is no lock.
std::optional<Look> look_at(const std::string& path) {
  std::array<char, kMostBytes> bytes;
  timespec changed{};
  const ssize_t got = read_bytes(path.c_str(), bytes.data(), &changed);
  if (got < 0 && (errno == ENOENT || errno == ESTALE)) return std::nullopt;
  if (got < 0) throw FileError(path, fmt::format("cannot be read ({})", std::strerror(errno)));
  const std::string text(bytes.data(), static_cast<std::size_t>(got));
  const std::size_t beat = std::min(kBeatBytes, text.size());
  return Look{text.substr(0, beat), text.substr(beat), changed.tv_sec, changed.tv_nsec};
}

bool write_whole(int file, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(file, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

// False when there is one already.
bool create(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0 && errno == EEXIST) return false;
  if (file < 0)
    throw FileError(
        path, "cannot be made, and a command that writes to a study holds this lock: " + write_fault(path, errno));
  bool whole = write_whole(file, beat_line(0) + text);
  int error = errno;
  if (close(file) != 0) whole = false, error = errno;  // where NFS tells what it could not write
  if (whole) return true;
  const std::string fault = write_fault(path, error);
  unlink(path.c_str());
  throw FileError(path, "cannot be written: " + fault);
}

std::string way_to_end(const LockHolder& holder) {
  if (!holder.job.empty()) return fmt::format("scancel {}", holder.job.substr(0, holder.job.find('@')));
  return fmt::format("kill {} on {}", holder.pid, holder.host);
}

[[noreturn]] void refuse(const std::string& path, const std::optional<LockHolder>& holder) {
  if (!holder) throw FileError(path, "another job is just beginning to work on this study; try again");
  throw FileError(path, fmt::format("another job works on this study: {}. Wait for it or end it ({}), then run this "
                                    "command again",
                                    holder->description(), way_to_end(*holder)));
}

// Whether a process of this machine lives; none where that cannot be seen.
std::optional<bool> lives(const LockHolder& holder) {
  if (const auto start = process_start(holder.pid)) return *start == holder.start;
  if (kill(static_cast<pid_t>(holder.pid), 0) != 0 && errno == EPERM) return std::nullopt;  // hidden from us in /proc
  return false;
}

// Watches a lock that says nothing decisive: why its holder must be dead, or none when it became another's or went.
std::optional<std::string> watch(const std::string& path, const Look& first, const std::optional<LockHolder>& holder,
                                 StudyLock::Times times) {
  const auto deadline = Clock::now() + times.patience;
  while (true) {
    std::this_thread::sleep_for(std::min<Clock::duration>(kLook, times.beat));
    const auto now = look_at(path);
    if (!now || now->holder != first.holder) return std::nullopt;
    if (*now != first) refuse(path, holder);
    if (Clock::now() > deadline)
      return fmt::format("it gave no sign of life for {} s",
                         std::chrono::duration_cast<std::chrono::seconds>(times.patience).count());
  }
}

// Why the holder of this lock must be dead; none when the lock changed hands meanwhile. Throws when it lives.
std::optional<std::string> why_dead(const std::string& path, const Look& look, const LockHolder& self,
                                    StudyLock::Times times) {
  const auto holder = LockHolder::parse(look.holder);
  if (holder && !holder->job.empty() && holder->job == self.job && holder->restarts < self.restarts)
    return "Slurm has requeued that job since";
  if (holder && holder->machine == self.machine)
    if (const auto alive = lives(*holder)) {
      if (*alive) refuse(path, holder);
      return "its process is gone";
    }
  return watch(path, look, holder, times);
}

// Puts our lock in the place of a dead one. False when another was faster.
bool replace(const std::string& path, const Look& dead, const Held& own, const LockHolder& self,
             StudyLock::Times times) {
  const std::string next = path + ".next";
  if (!create(next, own.text)) {
    const auto successor = look_at(next);
    if (successor && why_dead(next, *successor, self, times)) unlink(next.c_str());
    return false;
  }
  if (look_at(path) != dead) {
    unlink(next.c_str());
    return false;
  }
  if (std::rename(next.c_str(), path.c_str()) != 0 && errno != ENOENT)
    throw FileError(path, "cannot be written: " + write_fault(path, errno));
  return is_ours(own);
}

std::string dead_text(const Look& dead, const std::string& reason) {
  const auto holder = LockHolder::parse(dead.holder);
  return fmt::format("{}: {}", holder ? holder->description() : std::string("unknown"), reason);
}

}  // namespace

struct StudyLock::State {
  Held held;
  Times times;
  std::string folder, taken_over;
  bool made_folder = false;
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  std::thread heart;

  void acquire(const LockHolder& self);
  void beat();
  void give_sign(std::int64_t number);
};

void StudyLock::State::acquire(const LockHolder& self) {
  for (int round = 0; round < kMostRounds; ++round) {
    if (round > 0) std::this_thread::sleep_for(kRound);
    if (create(held.path, held.text)) return;
    const auto look = look_at(held.path);
    if (!look) continue;
    const auto reason = why_dead(held.path, *look, self, times);
    if (!reason || !replace(held.path, *look, held, self, times)) continue;
    taken_over = dead_text(*look, *reason);
    return;
  }
  throw FileError(held.path, "cannot be had: others take it again and again. Is it a file that coterie made?");
}

// A lock that somebody removed by hand is put back; one that is another's now means that this process was halted for
// so long that it passed for dead.
void StudyLock::State::give_sign(std::int64_t number) {
  StopSignal::wait_if_ending();  // the lock is removed then, and would be put back
  const auto look = look_at(held.path);
  if (!look) {
    create(held.path, held.text);
    return;
  }
  if (look->holder != held.text) {
    std::fprintf(stderr,
                 "coterie: %s: another job has taken over this study, since this one had been halted for long; "
                 "it ends, so that two never write at once\n",
                 held.path.c_str());
    _exit(static_cast<int>(ExitCode::failed));
  }
  const int file = open(held.path.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  const std::string line = beat_line(number);
  // A file system that copies what is written may be too full for 21 bytes; the file's date is a sign, too.
  if (pwrite(file, line.data(), line.size(), 0) < 0) futimens(file, nullptr);
  close(file);
}

void StudyLock::State::beat() {
  std::unique_lock lock(mutex);
  for (std::int64_t number = 1; !changed.wait_for(lock, times.beat, [this] { return released; }); ++number) {
    try {
      give_sign(number);
    } catch (const std::exception&) {  // a file system that does not answer for a while: the next beat tries again
    }
  }
}

StudyLock::StudyLock(const std::string& folder, const LockHolder& self, Times times) : state_(new State) {
  State& state = *state_;
  LockHolder brief = self;
  brief.command = self.command.substr(0, kMostCommand);
  state.held = {path_in(folder), brief.text()};
  state.times = times;
  state.folder = folder;
  if (struct stat status{}; stat(folder.c_str(), &status) != 0) {
    make_folder(folder);
    state.made_folder = true;
  }
  try {
    state.acquire(brief);
  } catch (...) {
    if (state.made_folder) rmdir(folder.c_str());
    throw;
  }
  for (auto& slot : held_locks) {
    const Held* free = nullptr;
    if (slot.compare_exchange_strong(free, &state.held)) break;
  }
  StopSignal::before_end(release_all);
  state.heart = std::thread([&state] { state.beat(); });
}

StudyLock::~StudyLock() {
  State& state = *state_;
  {
    const std::scoped_lock lock(state.mutex);
    state.released = true;
  }
  state.changed.notify_all();
  state.heart.join();
  if (is_ours(state.held)) unlink(state.held.path.c_str());
  for (auto& slot : held_locks) {
    const Held* own = &state.held;
    if (slot.compare_exchange_strong(own, nullptr)) break;
  }
  if (state.made_folder) rmdir(state.folder.c_str());  // fails, as it should, when there is something in it
}

const std::string& StudyLock::taken_over() const { return state_->taken_over; }

}  // namespace coterie::inline store
