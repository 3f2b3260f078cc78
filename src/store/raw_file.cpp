#include "coterie/store/raw_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"

namespace coterie::inline store {

RawFile::RawFile(std::string path) : path_(std::move(path)), number_(open(path_.c_str(), O_RDWR | O_CLOEXEC)) {
  if (number_ < 0 && (errno == EACCES || errno == EROFS)) number_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (number_ < 0) throw FileError(path_, fmt::format("cannot be opened ({})", std::strerror(errno)));
}

RawFile::~RawFile() { close(number_); }

void RawFile::read(void* out, std::int64_t bytes, std::int64_t offset) const {
  auto* to = static_cast<char*>(out);
  while (bytes > 0) {
    const ssize_t got = pread(number_, to, static_cast<std::size_t>(bytes), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw FileError(path_, fmt::format("cannot be read at byte {} ({})", offset, std::strerror(errno)));
    if (got == 0) throw FileError(path_, fmt::format("ends before byte {}: it was cut short", offset + bytes));
    to += got;
    bytes -= got;
    offset += got;
  }
}

void RawFile::sync() const {
  if (fsync(number_) != 0) throw FileError(path_, fmt::format("cannot be brought to disk ({})", std::strerror(errno)));
}

void RawFile::claim_space() const {
  struct stat status {};
  if (fstat(number_, &status) != 0) throw FileError(path_, std::strerror(errno));
  if (fallocate(number_, 0, 0, status.st_size) == 0 || errno == EOPNOTSUPP || errno == ENOSYS) return;
  const int error = errno;
  throw FileError(path_, fmt::format("needs {:.1f} MiB of disk space: {}",
                                     static_cast<double>(status.st_size) / (1 << 20), write_fault(path_, error)));
}

}  // namespace coterie::inline store
