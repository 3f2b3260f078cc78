#include "coterie/images/probe.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "examine.hpp"
#include "header.hpp"

namespace coterie {

namespace {

/// What ends the examination of a file.
struct Verdict {
  Fate fate;
  std::string reason;
};

class OpenFile {
 public:
  /// Without waiting: a named pipe with an image's name must not hold the scan.
  explicit OpenFile(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) fail(errno);
  }
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  std::int64_t size() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail(errno);
    if (!S_ISREG(status.st_mode)) throw Verdict{Fate::unreadable, "not a regular file"};
    return status.st_size;
  }

  /// Up to `bytes` bytes; fewer only at the end of the file.
  std::size_t read(std::uint8_t* to, std::size_t bytes) const {
    std::size_t done = 0;
    while (done < bytes) {
      const ssize_t got = ::read(descriptor_, to + done, bytes - done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

 private:
  [[noreturn]] static void fail(int error) {
    const bool gone = error == ENOENT || error == ENOTDIR;
    throw Verdict{gone ? Fate::vanished : Fate::unreadable,
                  gone ? "no such file any more" : "cannot be read: " + std::string(std::strerror(error))};
  }

  int descriptor_;
};

std::uint64_t hash_in_pieces(const OpenFile& file) {
  std::vector<std::uint8_t> piece(std::size_t{1} << 22);
  Hash64 hash;
  while (const std::size_t got = file.read(piece.data(), piece.size())) hash.update(piece.data(), got);
  return hash.value();
}

void read_file(const std::string& path, const DecodeLimits& limits, bool hash, Examined& result) {
  const OpenFile file(path);
  Probe& probe = result.probe;
  probe.bytes = file.size();
  if (probe.bytes == 0) throw Verdict{Fate::empty, "the file is empty"};
  if (probe.bytes > limits.max_bytes) {
    if (hash) probe.content_hash = hash_in_pieces(file);
    throw Verdict{Fate::too_large, fmt::format("{} bytes; the limit is {}", probe.bytes, limits.max_bytes)};
  }
  result.bytes.resize(static_cast<std::size_t>(probe.bytes));
  result.bytes.resize(file.read(result.bytes.data(), result.bytes.size()));
  probe.bytes = static_cast<std::int64_t>(result.bytes.size());
  if (hash) probe.content_hash = hash64(result.bytes.data(), result.bytes.size());
}

void judge_header(const DecodeLimits& limits, Examined& result) {
  const ImageHeader header = parse_header(result.bytes);
  Probe& probe = result.probe;
  probe.format = header.format;
  probe.channels = header.channels;
  probe.bits = header.bits;
  probe.orientation = header.orientation;
  constexpr std::int64_t kLargestSide = 0x7FFFFFFF;
  probe.width = static_cast<int>(std::clamp<std::int64_t>(header.width, 0, kLargestSide));
  probe.height = static_cast<int>(std::clamp<std::int64_t>(header.height, 0, kLargestSide));
  if (!header.unsupported.empty()) throw Verdict{Fate::unsupported, header.unsupported};
  // Before damage: a bomb is often cut short as well, and its size is the more telling.
  if (probe.height > 0 && probe.width > limits.max_pixels / probe.height)
    throw Verdict{Fate::too_large, fmt::format("{} x {} pixels are {} million; the limit is {} million", probe.width,
                                               probe.height, std::int64_t{probe.width} * probe.height / 1'000'000,
                                               static_cast<double>(limits.max_pixels) / 1e6)};
  if (!header.damage.empty()) throw Verdict{Fate::damaged, header.damage};
}

}  // namespace

Examined examine(const std::string& path, const DecodeLimits& limits, bool hash) {
  Examined result;
  try {
    read_file(path, limits, hash, result);
    judge_header(limits, result);
    result.probe.fate = Fate::ok;
  } catch (const Verdict& verdict) {
    result.probe.fate = verdict.fate;
    result.probe.reason = verdict.reason;
  }
  return result;
}

Probe probe_image(const std::string& path, const DecodeLimits& limits) { return examine(path, limits, true).probe; }

}  // namespace coterie
