#include "decode/placed_bytes.hpp"

#include <algorithm>
#include <memory>

#include "shards/gzip_file.hpp"

namespace coterie::inline images {

namespace {

/// The shard a thread read last.
struct OpenShard {
  std::string path;
  OpenFile file;
};

/// The compressed shard a thread read last; the points keep it from being taken for another of the same path.
struct OpenGzip {
  std::shared_ptr<const GzipPoints> points;
  std::unique_ptr<GzipFile> file;
};

const OpenFile& shard_of(const std::string& path) {
  thread_local OpenShard last;
  if (last.path != path) {
    last.path.clear();
    last.file = OpenFile(path);
    last.path = path;
  }
  return last.file;
}

/// From where the thread is, if that lies before and no access point is nearer.
void go_to(GzipFile& file, const GzipPoints& points, std::int64_t inflated) {
  const std::int64_t number = points.before(inflated);
  const AccessPoint& point = points.points()[static_cast<std::size_t>(number)];
  if (file.position() > inflated || file.position() < point.inflated) {
    std::vector<std::uint8_t> window;
    if (number > 0) {
      window.resize(static_cast<std::size_t>(kWindowBytes));
      points.window(number, window.data());
    }
    file.jump(point, window.data());
  }
  if (file.skip(inflated - file.position()) < 0 || file.position() != inflated)
    throw Verdict{ImageStatus::damaged, "its shard ends before it"};
}

std::size_t read_inflated(const ImagePlace& place, std::uint8_t* to, std::size_t bytes, std::int64_t inflated) {
  thread_local OpenGzip last;
  if (last.points != place.gzip) {
    last = {};
    last.file = std::make_unique<GzipFile>(place.file);
    last.points = place.gzip;
  }
  try {
    go_to(*last.file, *last.points, inflated);
    return last.file->read(to, bytes);
  } catch (...) {
    last = {};  // it stands where nobody knows
    throw;
  }
}

}  // namespace

PlacedBytes::PlacedBytes(const ImagePlace& place) : place_(place), size_(place.bytes) {
  if (place.bytes >= 0) return;
  own_ = OpenFile(place.file);
  size_ = own_.size();
}

std::size_t PlacedBytes::read(std::uint8_t* to, std::size_t bytes, std::int64_t from) const {
  if (place_.bytes < 0) return own_.read(to, bytes, from);
  const auto wanted =
      static_cast<std::size_t>(std::clamp<std::int64_t>(size_ - from, 0, static_cast<std::int64_t>(bytes)));
  if (wanted == 0) return 0;
  const std::size_t got = place_.gzip ? read_inflated(place_, to, wanted, place_.offset + from)
                                      : shard_of(place_.file).read(to, wanted, place_.offset + from);
  if (got < wanted) throw Verdict{ImageStatus::damaged, "its shard ends before it"};
  return got;
}

}  // namespace coterie::inline images
