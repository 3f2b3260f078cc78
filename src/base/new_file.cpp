#include "coterie/base/new_file.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 18;

// Less than this free is a full disk: a writer of several blocks fails a little before the last one is taken.
constexpr std::uint64_t kFull = 64 << 10;

}  // namespace

NewFile::NewFile(std::string path) : path_(std::move(path)), partial_(path_ + ".tmp") {
  clear_place(partial_);
  number_ = open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (number_ < 0) fail(errno);
  unfinished_.emplace(partial_);
}

NewFile::~NewFile() {
  if (number_ >= 0) close(number_);
}

void NewFile::write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBuffer) flush();
  if (bytes.size() > kBuffer) return put(bytes);  // a large matrix is not copied first
  buffer_ += bytes;
}

void NewFile::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(number_, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail(errno);
    bytes.remove_prefix(static_cast<std::size_t>(done));
  }
}

void NewFile::flush() {
  put(buffer_);
  buffer_.clear();
}

void NewFile::finish() {
  flush();
  try {
    if (close(std::exchange(number_, -1)) != 0) fail(errno);
    put_in_place(partial_, path_);
  } catch (...) {
    unfinished_.reset();
    throw;
  }
}

void NewFile::fail(int error) { throw FileError(path_, "cannot be written: " + write_fault(path_, error)); }

void write_new_file(const std::string& path, std::string_view bytes) {
  NewFile file(path);
  file.write(bytes);
  file.finish();
}

void put_in_place(const std::string& finished, const std::string& path) {
  if (std::rename(finished.c_str(), path.c_str()) == 0) return;
  const int error = errno;
  require_replaceable(path);
  throw FileError(path, "cannot be written: " + write_fault(path, error));
}

void require_replaceable(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path folder = fs::path(path).parent_path();
  if (folder.empty()) folder = ".";
  struct stat file {
  }, around{};
  if (stat(folder.c_str(), &around) != 0) return;  // not there yet
  const auto may_not = [&](const std::string& why) {
    throw FileError(path, "cannot be written: " + why + ": ask its owner, or use a copy");
  };
  if (faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0 && errno == EACCES)
    may_not(fmt::format("you may not write in {}", folder.string()));
  const uid_t user = geteuid();
  const bool sticky = (around.st_mode & S_ISVTX) != 0;
  if (sticky && user != 0 && user != around.st_uid && lstat(path.c_str(), &file) == 0 && file.st_uid != user)
    may_not(fmt::format("{} has the sticky bit, so only its owner may replace this file, which is another's",
                        folder.string()));
}

void clear_place(const std::string& path) {
  if (unlink(path.c_str()) == 0) return;
  const int error = errno;
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return;  // whatever unlink said of it, it is not there
  throw FileError(path, "is in the way and cannot be removed: " + write_fault(path, error));
}

void make_folder_inside(const std::string& parent, const std::string& name) {
  const std::string path = parent + "/" + name;
  if (mkdir(path.c_str(), 0777) == 0) return;
  const int error = errno;
  struct stat status {};
  if (error != EEXIST || lstat(path.c_str(), &status) != 0)
    throw FileError(path, "cannot be made: " + write_fault(path, error));
  if (!S_ISDIR(status.st_mode))
    throw FileError(path, "is no folder but a link or a file; coterie writes through no link, remove it");
}

void make_folder(const std::string& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) throw FileError(path, "cannot be made: " + write_fault(path, failure.value()));
}

void remove_folder(const std::string& path) {
  std::error_code failure;
  std::filesystem::remove_all(path, failure);
  if (failure) throw FileError(path, "cannot be removed: " + write_fault(path, failure.value()));
}

void make_link(const std::string& path, const std::string& file) {
  std::error_code failure;
  const auto whole = std::filesystem::absolute(file, failure);
  if (!failure) std::filesystem::create_symlink(whole, path, failure);
  if (failure)
    throw FileError(path, fmt::format("cannot be made a link to {}: {}", file, write_fault(path, failure.value())));
}

void link_or_copy(const std::string& file, const std::string& path) {
  std::error_code failure;
  std::filesystem::create_hard_link(file, path, failure);
  if (failure) std::filesystem::copy_file(file, path, failure);
  if (failure)
    throw FileError(path, fmt::format("cannot be made from {}: {}", file, write_fault(path, failure.value())));
}

bool disk_is_full(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  struct statvfs disk {};
  return statvfs(folder.empty() ? "." : folder.c_str(), &disk) == 0 && disk.f_bavail * disk.f_frsize < kFull;
}

bool file_sizes_are_limited() {
  rlimit limit{};
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

std::string write_fault(const std::string& path, int error) {
  const auto with = [&](const char* advice) {
    return error == 0 ? std::string(advice) : fmt::format("{} ({})", advice, std::strerror(error));
  };
  if (error == EDQUOT)
    return with("your quota is used up: free some space, or put the study elsewhere; then run the same command again");
  if (error == EROFS) return with("its file system is mounted read-only: copy the study to where you may write");
  if (error == EACCES || error == EPERM) return with("you may not write there: ask its owner, or use a copy");
  if (error == EFBIG || (error == 0 && file_sizes_are_limited() && !disk_is_full(path)))
    return with(
        "it would be larger than a file may be here: raise the limit (ulimit -f unlimited), or put the study on "
        "another file system; then run the same command again");
  if (error == ENOSPC || disk_is_full(path))
    return "the disk is full: free some space, or put the study elsewhere; then run the same command again";
  return error == 0 ? "no reason was given; is the disk sound?" : std::strerror(error);
}

}  // namespace coterie
