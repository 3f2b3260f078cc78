#include "coterie/store/study_lock.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr StudyLock::Times kQuick{milliseconds(10), milliseconds(300)};
const std::string kBeat = "00000000000000000007\n";

// A process that is alive, and the same one's record after its end.
class Sleeper {
 public:
  Sleeper() : pid_(fork()) {
    if (pid_ == 0)
      while (true) pause();
  }
  ~Sleeper() { end(); }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

std::int64_t start_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::int64_t start = 0;
  std::size_t at = text.rfind(')');
  for (int field = 2; field < 22; ++field) at = text.find(' ', at) + 1;
  start = std::stoll(text.substr(at));
  return start;
}

LockHolder here() { return LockHolder::here("coterie test", "today"); }

void put_lock(const std::string& folder, const std::string& content) {
  std::ofstream(StudyLock::path_in(folder), std::ios::binary) << content;
}

void put_lock(const std::string& folder, const LockHolder& holder) { put_lock(folder, kBeat + holder.text()); }

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a lock is held once, and gone with its holder") {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  {
    const StudyLock lock(folder, here(), kQuick);
    CHECK(lock.taken_over().empty());
    CHECK_THROWS_WITH_AS(StudyLock(folder, here(), kQuick), doctest::Contains("coterie test, process"), FileError);
    CHECK_THROWS_WITH_AS(StudyLock(folder, here(), kQuick), doctest::Contains("then run this command again"),
                         FileError);
  }
  CHECK_FALSE(fs::exists(StudyLock::path_in(folder)));
  CHECK_NOTHROW(StudyLock(folder, here(), kQuick));
}

TEST_CASE("a folder that was made for a lock goes with it, unless something is in it") {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  const std::string fresh = folder + "/fresh";
  { const StudyLock lock(fresh, here(), kQuick); }
  CHECK_FALSE(fs::exists(fresh));
  {
    const StudyLock lock(fresh, here(), kQuick);
    std::ofstream(fresh + "/images.h5") << "x";
  }
  CHECK(fs::exists(fresh + "/images.h5"));
}

TEST_CASE("what is written in a lock can be read again") {
  LockHolder holder = here();
  holder.job = "88@cluster";
  holder.restarts = 2;
  const auto again = LockHolder::parse(holder.text());
  REQUIRE(again);
  CHECK(again->text() == holder.text());
  CHECK(again->description().find("Slurm job 88@cluster") != std::string::npos);
  CHECK_FALSE(LockHolder::parse("{}"));
  CHECK_FALSE(LockHolder::parse(""));
}

TEST_CASE("the lock of a process of this machine stands while that process lives, and not a moment longer") {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  Sleeper sleeper;
  LockHolder holder = here();
  holder.pid = sleeper.pid();
  holder.start = start_of(sleeper.pid());
  put_lock(folder, holder);
  CHECK_THROWS_WITH_AS(StudyLock(folder, here(), kQuick),
                       doctest::Contains(fmt::format("kill {} on {}", holder.pid, holder.host).c_str()), FileError);
  SUBCASE("its process is gone") { sleeper.end(); }
  SUBCASE("another process has its number") {
    holder.start -= 1;
    put_lock(folder, holder);
  }
  const StudyLock lock(folder, here(), kQuick);
  CHECK(lock.taken_over().find("its process is gone") != std::string::npos);
  CHECK(content(StudyLock::path_in(folder)).substr(kBeat.size()) == here().text());
}

TEST_CASE("a job that Slurm has requeued takes over its own lock at once") {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  LockHolder before = here(), after = here();
  before.job = after.job = "88@cluster";
  before.machine = "another";
  after.restarts = 1;
  put_lock(folder, before);
  const StudyLock lock(folder, after, {milliseconds(20), std::chrono::hours(1)});
  CHECK(lock.taken_over().find("requeued") != std::string::npos);
}

TEST_CASE("a lock from elsewhere stands while it changes, and falls when it does not") {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  LockHolder far = here();
  far.machine = "another";
  far.host = "node7";
  put_lock(folder, far);
  {
    std::atomic<bool> done = false;
    std::thread holder([&] {
      for (int beat = 0; !done; ++beat) {
        std::this_thread::sleep_for(milliseconds(30));
        std::fstream file(StudyLock::path_in(folder), std::ios::in | std::ios::out | std::ios::binary);
        file << fmt::format("{:020}\n", beat);
      }
    });
    CHECK_THROWS_WITH_AS(StudyLock(folder, here(), kQuick), doctest::Contains("on node7"), FileError);
    done = true;
    holder.join();
  }
  const StudyLock lock(folder, here(), kQuick);
  CHECK(lock.taken_over().find("no sign of life") != std::string::npos);
}

TEST_CASE("a lock that a kill left empty or cut short is taken over after its time") {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  for (const std::string& remains : {std::string(), std::string("0000"), kBeat, kBeat + here().text().substr(0, 40)}) {
    put_lock(folder, remains);
    const StudyLock lock(folder, here(), kQuick);
    CHECK(lock.taken_over().find("unknown") != std::string::npos);
  }
}

TEST_CASE("a successor that was killed while it took over holds up nobody") {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  LockHolder far = here();
  far.machine = "another";
  put_lock(folder, far);
  std::ofstream(StudyLock::path_in(folder) + ".next") << kBeat << far.text();
  const StudyLock lock(folder, here(), kQuick);
  CHECK_FALSE(lock.taken_over().empty());
  CHECK_FALSE(fs::exists(StudyLock::path_in(folder) + ".next"));
}

// Each newcomer passes for a process of a machine of its own, so that nothing but the file decides.
TEST_CASE("of many that find a dead lock at once, exactly one has it") {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  for (int round = 0; round < 3; ++round) {
    LockHolder far = here();
    far.machine = "another";
    put_lock(folder, far);
    std::atomic<int> winners = 0, refused = 0, at_once = 0, most = 0;
    std::atomic<bool> over = false;
    std::vector<std::thread> newcomers;
    for (int i = 0; i < 8; ++i)
      newcomers.emplace_back([&, i] {
        LockHolder self = here();
        self.machine = fmt::format("machine {}", i);
        try {
          const StudyLock lock(folder, self, kQuick);
          ++winners;
          most = std::max(most.load(), ++at_once);
          while (!over) std::this_thread::sleep_for(milliseconds(5));
          --at_once;
        } catch (const FileError&) {
          ++refused;
        }
        if (winners + refused == 8) over = true;
      });
    for (int wait = 0; wait < 2000 && winners + refused < 8; ++wait) std::this_thread::sleep_for(milliseconds(5));
    over = true;
    for (auto& newcomer : newcomers) newcomer.join();
    CHECK(winners == 1);
    CHECK(refused == 7);
    CHECK(most == 1);
    CHECK_FALSE(fs::exists(StudyLock::path_in(folder)));
  }
}

TEST_CASE("a lock that somebody removed is put back by its holder") {
  const TemporaryFolder temporary;
  const std::string folder = temporary.path().string();
  const StudyLock lock(folder, here(), kQuick);
  fs::remove(StudyLock::path_in(folder));
  for (int wait = 0; wait < 400 && !fs::exists(StudyLock::path_in(folder)); ++wait)
    std::this_thread::sleep_for(milliseconds(10));
  CHECK(fs::exists(StudyLock::path_in(folder)));
}

}  // namespace coterie
