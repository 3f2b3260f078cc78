#include "weights/byte_reader.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "coterie/base/errors.hpp"

namespace coterie::inline features {

FileBytes map_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw FileError(path, fmt::format("cannot be read ({})", std::strerror(errno)));
  struct stat status {};
  const bool regular = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* memory = regular && size > 0 ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
  close(file);
  if (!regular) throw FileError(path, "is not a regular file");
  if (size == 0) throw FileError(path, "is empty");
  if (memory == MAP_FAILED) throw FileError(path, fmt::format("cannot be mapped ({})", std::strerror(errno)));
  const std::shared_ptr<const void> owner(memory, [size](void* mapped) { munmap(mapped, size); });
  return {path, {static_cast<const unsigned char*>(memory), size}, owner};
}

void ByteReader::seek(std::uint64_t position) {
  if (position > bytes_.size())
    fail(fmt::format("points to byte {} of {}: truncated or damaged", position, bytes_.size()));
  position_ = static_cast<std::size_t>(position);
}

Bytes ByteReader::take(std::uint64_t count) {
  if (count > remaining())
    fail(fmt::format("ends early: {} bytes wanted at byte {}, {} left; truncated or damaged", count, position_,
                     remaining()));
  const Bytes taken = bytes_.subspan(position_, static_cast<std::size_t>(count));
  position_ += static_cast<std::size_t>(count);
  return taken;
}

std::string ByteReader::text(std::uint64_t count) {
  const Bytes taken = take(count);
  return {taken.begin(), taken.end()};
}

std::string ByteReader::line() {
  const Bytes rest = bytes_.subspan(position_);
  const auto end = std::find(rest.begin(), rest.end(), '\n');
  std::string line = text(static_cast<std::uint64_t>(end - rest.begin()));
  take(1);
  return line;
}

std::uint64_t ByteReader::little_endian(std::size_t count) {
  std::uint64_t value = 0;
  const Bytes taken = take(count);
  for (std::size_t i = count; i-- > 0;) value = value << 8 | taken[i];
  return value;
}

void ByteReader::fail(const std::string& what) const { throw FileError(path_, what); }

}  // namespace coterie::inline features
