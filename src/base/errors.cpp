#include "coterie/base/errors.hpp"

#include <filesystem>
#include <new>

#include "coterie/base/job_limits.hpp"

namespace coterie {
namespace {

std::string of_memory() {
  const JobLimit node = memory_limit();
  const auto own = own_memory_limit();
  const auto megabytes = [](double bytes) { return fmt::format("{:.0f} MiB", bytes / 0x1p20); };
  return fmt::format(
      "memory ran out: this process held up to {}; {} allows its node {}{}. A smaller --memory or fewer --threads may "
      "do, "
      "else a job with more memory",
      megabytes(held_memory().most), node.by, megabytes(node.amount),
      own ? fmt::format(", {} this process another {}", own->by, megabytes(own->amount)) : "");
}

std::string of_files(const std::filesystem::filesystem_error& error) {
  const std::string path = error.path1().string();
  const std::string other = error.path2().empty() ? "" : fmt::format(" (with {})", error.path2().string());
  const auto code = error.code();
  const char* remedy = "";
  if (code == std::errc::permission_denied || code == std::errc::operation_not_permitted)
    remedy = "; its owner, or whoever owns the folder it lies in, can let you";
  else if (code == std::errc::no_space_on_device)
    remedy = "; free some space there, and run the same command again";
  else if (code == std::errc::read_only_file_system)
    remedy = "; choose a folder that may be written to";
  return fmt::format("{}{}: {}{}", path, other, code.message(), remedy);
}

}  // namespace

std::string explanation(const std::exception& error) {
  if (dynamic_cast<const Error*>(&error) != nullptr) return error.what();
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return of_memory();
  if (const auto* files = dynamic_cast<const std::filesystem::filesystem_error*>(&error)) return of_files(*files);
  return fmt::format("something went wrong that coterie did not foresee ({}); please report it, with the command",
                     error.what());
}

}  // namespace coterie
