#include "coterie/base/whole_file.hpp"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

// Less than this free is a full disk: a writer of several blocks fails a little before the last one is taken.
constexpr std::uint64_t kFull = 64 << 10;

}  // namespace

WholeFile::WholeFile(std::string path)
    : path_(std::move(path)), file_(path_ + ".tmp", std::ios::binary | std::ios::trunc) {}

WholeFile::~WholeFile() {
  file_.close();
  if (!finished_) std::remove((path_ + ".tmp").c_str());
}

void WholeFile::finish() {
  file_.close();
  if (!file_ || std::rename((path_ + ".tmp").c_str(), path_.c_str()) != 0)
    throw FileError(path_, "cannot be written: " + write_fault(path_, errno));
  finished_ = true;
}

void write_file(const std::string& path, std::string_view bytes) {
  WholeFile file(path);
  file.stream().write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.finish();
}

void make_folder(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) throw FileError(path, "cannot be made: " + write_fault(path, failure.value()));
}

bool disk_is_full(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct statvfs disk {};
  return statvfs(folder.empty() ? "." : folder.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < kFull;
}

std::string write_fault(const std::string& path, int error) {
  const auto with = [&](const char* advice) {
    return error == 0 ? std::string(advice) : fmt::format("{} ({})", advice, std::strerror(error));
  };
  if (error == EDQUOT)
    return with("your quota is used up: free some space, or put the study elsewhere; then run the same command again");
  if (error == EROFS) return with("its file system is mounted read-only: copy the study to where you may write");
  if (error == EACCES || error == EPERM) return with("you may not write there: ask its owner, or use a copy");
  if (error == ENOSPC || disk_is_full(path))
    return "the disk is full: free some space, or put the study elsewhere; then run the same command again";
  return error == 0 ? "no reason was given; is the disk sound?" : std::strerror(error);
}

}  // namespace coterie
