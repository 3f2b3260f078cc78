#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace coterie {

/// How much of something may be used, and who says so: "this machine", "the cgroup /slurm/job_7", "ulimit -v".
struct JobLimit {
  double amount = 0;
  std::string by;
};

/// Bytes that this process may use together with all others of its job on this node: the least of the machine's memory,
/// memory.max and memory.high of its cgroup and of those above it (version 2), memory.limit_in_bytes of the same
/// (version 1), and what Slurm was asked for (SLURM_MEM_PER_NODE, SLURM_MEM_PER_CPU × SLURM_CPUS_ON_NODE). A file that
/// is not there or cannot be read limits nothing.
/// @param root  the folder that holds proc and sys; another in tests
JobLimit memory_limit(const std::string& root = "/");

/// Bytes that this process alone may still take: the lower of `ulimit -v` and `ulimit -d` less what it has mapped by
/// now; nothing where neither is set.
std::optional<JobLimit> own_memory_limit();

/// Processors' worth of time that the cgroups allow to the job on this node (cpu.max, or cpu.cfs_quota_us of version
/// 1); nothing where they set no limit.
std::optional<JobLimit> processor_limit(const std::string& root = "/");

/// Most bytes that this process ever held in memory, and what it has mapped now (VmHWM, VmSize of /proc/self/status).
struct HeldMemory {
  double most = 0, mapped = 0;
};
HeldMemory held_memory();

}  // namespace coterie
