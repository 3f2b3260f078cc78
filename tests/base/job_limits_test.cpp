#include "coterie/base/job_limits.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace coterie {
namespace {

namespace fs = std::filesystem;

// A machine's proc and sys, as far as limits are concerned.
class Machine {
 public:
  Machine() : root_(fs::temp_directory_path() / ("coterie-limits-" + std::to_string(getpid()))) {
    fs::create_directories(root_);
  }
  ~Machine() { fs::remove_all(root_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Machine& with(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
    return *this;
  }
  std::string root() const { return root_.string() + "/"; }

 private:
  fs::path root_;
};

const std::string kUnified = "31 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string kMemory = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";

double installed() { return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE)); }

// Nothing of the environment in which the test runs.
struct NoSlurm {
  NoSlurm() {
    for (const char* name : {"SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "SLURM_CPUS_ON_NODE"}) unsetenv(name);
  }
};

TEST_CASE("without cgroups and Slurm the machine's memory is the limit") {
  const NoSlurm none;
  const Machine machine;
  const JobLimit limit = memory_limit(machine.root());
  CHECK(limit.amount == installed());
  CHECK(limit.by == "this machine");
  CHECK_FALSE(processor_limit(machine.root()));
}

TEST_CASE("of a group and those above it the lowest limit counts, in version 2") {
  const NoSlurm none;
  Machine machine;
  machine.with("proc/self/cgroup", "0::/slurm/job_7/step_0\n").with("proc/self/mountinfo", kUnified);
  machine.with("sys/fs/cgroup/slurm/job_7/step_0/memory.max", "max\n");
  CHECK(memory_limit(machine.root()).amount == installed());
  machine.with("sys/fs/cgroup/slurm/job_7/memory.max", "157286400\n");
  CHECK(memory_limit(machine.root()).amount == 157286400);
  CHECK(memory_limit(machine.root()).by == "the cgroup /slurm/job_7");
  machine.with("sys/fs/cgroup/slurm/job_7/memory.high", "104857600\n");
  CHECK(memory_limit(machine.root()).amount == 104857600);
  machine.with("sys/fs/cgroup/slurm/cpu.max", "150000 100000\n");
  REQUIRE(processor_limit(machine.root()));
  CHECK(processor_limit(machine.root())->amount == 1.5);
  machine.with("sys/fs/cgroup/slurm/job_7/cpu.max", "max 100000\n");
  CHECK(processor_limit(machine.root())->by == "the cgroup /slurm");
}

TEST_CASE("version 1, whose number for no limit is larger than any memory") {
  const NoSlurm none;
  Machine machine;
  machine.with("proc/self/cgroup", "9:name=systemd:/\n4:memory:/a/b\n3:cpu,cpuacct:/c\n0::/\n");
  machine.with("proc/self/mountinfo",
               kMemory + "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" + kUnified);
  machine.with("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(memory_limit(machine.root()).amount == installed());
  machine.with("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "314572800\n");
  CHECK(memory_limit(machine.root()).amount == 314572800);
  machine.with("sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "-1\n")
      .with("sys/fs/cgroup/cpu/c/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(processor_limit(machine.root()));
  machine.with("sys/fs/cgroup/cpu/c/cpu.cfs_quota_us", "400000\n");
  REQUIRE(processor_limit(machine.root()));
  CHECK(processor_limit(machine.root())->amount == 4);
}

TEST_CASE("in a container the path of the group may begin above what is mounted") {
  const NoSlurm none;
  Machine machine;
  machine.with("proc/self/cgroup", "4:memory:/docker/0a1b\n");
  machine.with("proc/self/mountinfo", "35 31 0:32 /docker/0a1b /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  machine.with("sys/fs/cgroup/memory/memory.limit_in_bytes", "104857600\n");
  CHECK(memory_limit(machine.root()).amount == 104857600);
}

TEST_CASE("what Slurm was asked for is a limit where no cgroup holds jobs to it") {
  const NoSlurm none;
  const Machine machine;
  setenv("SLURM_MEM_PER_CPU", "50", 1);
  setenv("SLURM_CPUS_ON_NODE", "2", 1);
  CHECK(memory_limit(machine.root()).amount == 100 * 0x1p20);
  setenv("SLURM_MEM_PER_NODE", "64", 1);
  CHECK(memory_limit(machine.root()).by == "SLURM_MEM_PER_NODE");
  setenv("SLURM_MEM_PER_NODE", "0", 1);  // all of the node's
  unsetenv("SLURM_MEM_PER_CPU");
  CHECK(memory_limit(machine.root()).amount == installed());
  unsetenv("SLURM_MEM_PER_NODE");
  unsetenv("SLURM_CPUS_ON_NODE");
}

TEST_CASE("files that hold nonsense limit nothing") {
  const NoSlurm none;
  Machine machine;
  machine.with("proc/self/cgroup", "nonsense\n0:\n:::\n0::/x\n").with("proc/self/mountinfo", "a b\n - \n" + kUnified);
  machine.with("sys/fs/cgroup/x/memory.max", "-5\n").with("sys/fs/cgroup/x/cpu.max", "0 0\n");
  CHECK(memory_limit(machine.root()).amount == installed());
  CHECK_FALSE(processor_limit(machine.root()));
}

TEST_CASE("what the process holds is there") {
  CHECK(held_memory().most > 0x1p20);
  CHECK(held_memory().mapped >= held_memory().most / 2);
}

}  // namespace
}  // namespace coterie
