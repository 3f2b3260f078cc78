#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "coterie/base/errors.hpp"
#include "coterie/base/json_number.hpp"
#include "coterie/base/number.hpp"
#include "coterie/store/study_lock.hpp"
#include "process_start.hpp"

namespace coterie::inline store {
namespace {

std::string first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The kernel's boot, and the space that its process numbers belong to: a container has one of its own.
std::string this_machine() {
  struct stat space {};
  if (stat("/proc/self/ns/pid", &space) != 0) space.st_ino = 0;
  return fmt::format("{} {}", first_line("/proc/sys/kernel/random/boot_id"), space.st_ino);
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::optional<std::int64_t> process_start(std::int64_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')');  // the name may hold blanks and brackets itself
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  constexpr int kState = 3, kStart = 22;  // proc(5)
  for (int number = kState; number <= kStart && fields >> field; ++number) {
    if (number == kState && (field == "Z" || field == "X")) return std::nullopt;  // dead, and not yet buried
    if (number == kStart) return parse_as<std::int64_t>(field);
  }
  return std::nullopt;
}

LockHolder LockHolder::here(std::string command, std::string since) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  LockHolder self;
  self.host = host.data();
  self.machine = this_machine();
  self.pid = getpid();
  self.start = process_start(self.pid).value_or(0);
  if (const auto job = variable("SLURM_JOB_ID"); !job.empty()) {
    const auto cluster = variable("SLURM_CLUSTER_NAME");
    self.job = cluster.empty() ? job : job + "@" + cluster;
  }
  self.restarts = std::atoll(variable("SLURM_RESTART_COUNT").c_str());
  self.since = std::move(since);
  self.command = std::move(command);
  return self;
}

std::string LockHolder::text() const {
  const nlohmann::ordered_json json = {{"host", host}, {"machine", machine},   {"pid", pid},     {"start", start},
                                       {"job", job},   {"restarts", restarts}, {"since", since}, {"command", command}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::optional<LockHolder> LockHolder::parse(const std::string& text) {
  try {
    const auto json = nlohmann::json::parse(text);
    LockHolder holder;
    json.at("host").get_to(holder.host);
    json.at("machine").get_to(holder.machine);
    holder.pid = whole_number(json.at("pid"));
    holder.start = whole_number(json.at("start"));
    json.at("job").get_to(holder.job);
    holder.restarts = whole_number(json.at("restarts"));
    json.at("since").get_to(holder.since);
    json.at("command").get_to(holder.command);
    return holder;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

std::string LockHolder::description() const {
  return fmt::format("{}, process {} on {}{}, since {}", command, pid, host, job.empty() ? "" : ", Slurm job " + job,
                     since);
}

}  // namespace coterie::inline store
