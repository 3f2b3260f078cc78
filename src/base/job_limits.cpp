#include "coterie/base/job_limits.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

#include "coterie/base/number.hpp"

namespace coterie {
namespace {

constexpr double kMegabyte = 0x1p20;  // as Slurm counts

// A hierarchy of cgroups: where it is mounted, and the folder of this process's group in it.
struct Hierarchy {
  std::string mount, group;
  int version;
};

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

bool has(const std::string& list, const std::string& word) {
  std::istringstream stream(list);
  for (std::string each; std::getline(stream, each, ',');)
    if (each == word) return true;
  return false;
}

// "5:memory:/slurm/job_7" of proc/self/cgroup, whose second field is empty in version 2.
std::optional<std::string> group_of(const std::string& root, const std::string& controller, int version) {
  for (const auto& line : lines_of(root + "proc/self/cgroup")) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (version == 2 ? controllers.empty() : has(controllers, controller)) return line.substr(second + 1);
  }
  return std::nullopt;
}

// Lines of proc/self/mountinfo: "35 31 0:32 ROOT MOUNT rw,relatime [tags] - cgroup cgroup rw,memory".
std::optional<Hierarchy> hierarchy_of(const std::string& root, const std::string& controller, int version) {
  for (const auto& line : lines_of(root + "proc/self/mountinfo")) {
    std::istringstream front(line);
    std::string skipped, top, mount;
    front >> skipped >> skipped >> skipped >> top >> mount;
    const auto dash = line.find(" - ");
    if (dash == line.npos) continue;
    std::istringstream back(line.substr(dash + 3));
    std::string type, source, options;
    back >> type >> source >> options;
    if (type != (version == 2 ? "cgroup2" : "cgroup") || (version == 1 && !has(options, controller))) continue;
    auto group = group_of(root, controller, version);
    if (!group || !group->starts_with('/')) continue;
    // In a container the mount's root is the container's own group, which its path begins with.
    if (top != "/" && group->starts_with(top)) group->erase(0, top.size());
    return Hierarchy{root + mount.substr(1), *group == "/" ? "" : *group, version};
  }
  return std::nullopt;
}

// The first words of a group's file; empty where there is none.
std::vector<double> numbers_in(const std::string& path) {
  std::vector<double> numbers;
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    const auto value = parse_as<double>(word);
    if (!value) break;  // "max": no limit
    numbers.push_back(*value);
  }
  return numbers;
}

// Calls see(folder, name) for this process's group and all above it.
template <typename See>
void each_group(const std::string& root, const std::string& controller, const See& see) {
  for (const int version : {1, 2}) {
    const auto found = hierarchy_of(root, controller, version);
    if (!found) continue;
    for (std::string group = found->group;; group.erase(group.rfind('/'))) {
      see(found->mount + group, group.empty() ? "/" : group, version);
      if (group.empty()) break;
    }
  }
}

void lower(JobLimit& limit, double amount, const std::string& by) {
  if (amount > 0 && amount < limit.amount) limit = {amount, by};
}

std::optional<double> environment_number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? std::nullopt : parse_as<double>(text, 1, 1e15);
}

}  // namespace

JobLimit memory_limit(const std::string& root) {
  JobLimit limit{static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE)),
                 "this machine"};
  each_group(root, "memory", [&](const std::string& folder, const std::string& name, int version) {
    const auto files =
        version == 2 ? std::vector{"/memory.max", "/memory.high"} : std::vector{"/memory.limit_in_bytes"};
    for (const char* file : files)
      for (const double bytes : numbers_in(folder + file)) lower(limit, bytes, "the cgroup " + name);
  });
  if (const auto megabytes = environment_number("SLURM_MEM_PER_NODE"))
    lower(limit, *megabytes * kMegabyte, "SLURM_MEM_PER_NODE");
  const auto each = environment_number("SLURM_MEM_PER_CPU"), processors = environment_number("SLURM_CPUS_ON_NODE");
  if (each && processors) lower(limit, *each * *processors * kMegabyte, "SLURM_MEM_PER_CPU");
  return limit;
}

std::optional<JobLimit> own_memory_limit() {
  std::optional<JobLimit> found;
  for (const auto& [resource, name] : {std::pair{RLIMIT_AS, "ulimit -v"}, {RLIMIT_DATA, "ulimit -d"}}) {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) continue;
    const double left = std::max(0.0, static_cast<double>(limit.rlim_cur) - held_memory().mapped);
    if (!found || left < found->amount) found = {left, name};
  }
  return found;
}

std::optional<JobLimit> processor_limit(const std::string& root) {
  std::optional<JobLimit> found;
  each_group(root, "cpu", [&](const std::string& folder, const std::string& name, int version) {
    auto quota = numbers_in(folder + (version == 2 ? "/cpu.max" : "/cpu.cfs_quota_us"));
    if (version == 1)
      for (const double period : numbers_in(folder + "/cpu.cfs_period_us")) quota.push_back(period);
    if (quota.size() < 2 || quota[0] <= 0 || quota[1] <= 0) return;
    const double processors = quota[0] / quota[1];
    if (!found || processors < found->amount) found = {processors, "the cgroup " + name};
  });
  return found;
}

HeldMemory held_memory() {
  HeldMemory held;
  for (const auto& line : lines_of("/proc/self/status")) {
    std::istringstream words(line);
    std::string name;
    double kilobytes = 0;
    words >> name >> kilobytes;
    if (name == "VmHWM:") held.most = kilobytes * 1024;
    if (name == "VmSize:") held.mapped = kilobytes * 1024;
  }
  return held;
}

}  // namespace coterie
