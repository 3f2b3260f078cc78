#include "coterie/store/file_layout.hpp"

#include <fmt/format.h>
#include <sys/vfs.h>

#include <algorithm>
#include <filesystem>

#include "parallel_file.hpp"

namespace coterie::inline store {

namespace {

namespace fs = std::filesystem;

// The types that statfs gives, by the file systems' own headers.
constexpr std::int64_t kLustre = 0x0BD00BD0, kGpfs = 0x47504653, kBeegfs = 0x19830326;

constexpr std::int64_t kMuch = std::int64_t{1} << 30;  // bytes; below that one server is enough

}  // namespace

void align_datasets(std::int64_t bytes) { h5::set_alignment(bytes); }

FileSystem file_system_of(const std::string& folder) {
  std::error_code ignored;
  fs::path there = fs::absolute(folder, ignored);
  while (!fs::exists(there, ignored) && there.has_relative_path()) there = there.parent_path();
  struct statfs status {};
  if (::statfs(there.c_str(), &status) != 0) return FileSystem::other;
  switch (static_cast<std::int64_t>(status.f_type) & 0xFFFFFFFF) {
    case kLustre:
      return FileSystem::lustre;
    case kGpfs:
      return FileSystem::gpfs;
    case kBeegfs:
      return FileSystem::beegfs;
    default:
      return FileSystem::other;
  }
}

std::int64_t alignment_for(FileSystem system) {
  switch (system) {
    case FileSystem::lustre:
    case FileSystem::beegfs:
      return std::int64_t{1} << 20;
    case FileSystem::gpfs:
      return std::int64_t{4} << 20;
    case FileSystem::other:
      return 0;
  }
  return 0;
}

std::string striping_advice(FileSystem system, const std::string& folder, std::int64_t bytes) {
  if (bytes < kMuch) return "";
  // A server for each GiB as far as eight: more seldom helps one file, and every one that it uses may fail.
  const std::int64_t servers = std::clamp<std::int64_t>(bytes / kMuch, 2, 8);
  if (system == FileSystem::lustre)
    return fmt::format(
        "{0} lies on Lustre, which keeps a file on one server unless asked otherwise; for {1:.1f} GiB stripe the "
        "folder "
        "before its files are made: lfs setstripe -c {2} -S 4M {0} (docs/storage.md)",
        folder, static_cast<double>(bytes) / kMuch, servers);
  if (system == FileSystem::beegfs)
    return fmt::format(
        "{0} lies on BeeGFS; for {1:.1f} GiB spread the folder before its files are made: beegfs-ctl --setpattern "
        "--numtargets={2} --chunksize=1m {0} (docs/storage.md)",
        folder, static_cast<double>(bytes) / kMuch, servers);
  return "";
}

}  // namespace coterie::inline store
