#include "shards/gzip_file.hpp"

#include <algorithm>
#include <limits>
#include <new>

#include "coterie/base/errors.hpp"

namespace coterie::inline images {

namespace {

constexpr std::size_t kInputBytes = std::size_t{64} << 10;
constexpr int kGzip = 15 + 16, kRaw = -15;  // zlib's windowBits: a gzip member, deflate alone
constexpr std::size_t kTrailerBytes = 8;    // a member's checksum and length

}  // namespace

GzipPoints::GzipPoints(std::vector<AccessPoint> points, WindowReader window)
    : points_(std::move(points)), window_(std::move(window)) {
  require(!points_.empty() && points_.front() == AccessPoint{}, "the access points of a gzip file begin at its start");
  for (std::size_t i = 1; i < points_.size(); ++i)
    require(points_[i].inflated > points_[i - 1].inflated && points_[i].compressed > points_[i - 1].compressed &&
                points_[i].bits >= 0 && points_[i].bits < 8,
            "the access points of a gzip file ascend");
}

std::int64_t GzipPoints::before(std::int64_t inflated) const {
  const auto after = std::upper_bound(points_.begin() + 1, points_.end(), inflated,
                                      [](std::int64_t wanted, const AccessPoint& p) { return wanted < p.inflated; });
  return after - points_.begin() - 1;
}

GzipFile::GzipFile(const std::string& path) : file_(path), input_(kInputBytes) {
  file_.size();
  if (inflateInit2(&stream_, kGzip) != Z_OK) throw std::bad_alloc();
}

GzipFile::~GzipFile() { inflateEnd(&stream_); }

void GzipFile::jump(const AccessPoint& point, const std::uint8_t* window) {
  raw_ = point.inflated > 0;
  ended_ = false;
  position_ = point.inflated;
  read_ = point.compressed;
  stream_.avail_in = 0;
  if (inflateReset2(&stream_, raw_ ? kRaw : kGzip) != Z_OK) throw std::bad_alloc();
  if (!raw_) return;
  if (point.bits > 0) {
    std::uint8_t byte = 0;
    if (file_.read(&byte, 1, point.compressed - 1) != 1)
      throw Verdict{ImageStatus::damaged, "its shard is shorter than it was"};
    inflatePrime(&stream_, static_cast<int>(point.bits), byte >> (8 - point.bits));
  }
  inflateSetDictionary(&stream_, window, static_cast<uInt>(kWindowBytes));
}

void GzipFile::collect(std::vector<AccessPoint>& points, std::vector<std::uint8_t>& windows) {
  points_ = &points;
  windows_ = &windows;
  points = {AccessPoint{}};
}

/// False at the end of the file.
bool GzipFile::refill() {
  if (stream_.avail_in > 0) return true;
  const std::size_t got = file_.read(input_.data(), input_.size(), read_);
  read_ += static_cast<std::int64_t>(got);
  stream_.next_in = input_.data();
  stream_.avail_in = static_cast<uInt>(got);
  return got > 0;
}

/// After the end of one member: whether another follows. Zeros after the last are padding, as gzip itself takes it.
bool GzipFile::next_member() {
  for (std::size_t left = raw_ ? kTrailerBytes : 0; left > 0;) {
    if (!refill()) throw Verdict{ImageStatus::damaged, "its gzip stream is cut off"};
    const auto step = std::min<std::size_t>(left, stream_.avail_in);
    stream_.next_in += step;
    stream_.avail_in -= static_cast<uInt>(step);
    left -= step;
  }
  raw_ = false;
  while (refill() && *stream_.next_in == 0) {
    ++stream_.next_in;
    --stream_.avail_in;
  }
  ended_ = stream_.avail_in == 0;
  return !ended_ && inflateReset2(&stream_, kGzip) == Z_OK;
}

void GzipFile::note_point() {
  // zlib: the block that just ended was not the last (64 is not set), and all it wrote is out (128).
  if ((stream_.data_type & 128) == 0 || (stream_.data_type & 64) != 0) return;
  if (position_ - points_->back().inflated < kPointSpan) return;
  points_->push_back({read_ - stream_.avail_in, position_, stream_.data_type & 7});
  uInt bytes = 0;
  std::vector<std::uint8_t> window(static_cast<std::size_t>(kWindowBytes));
  inflateGetDictionary(&stream_, window.data(), &bytes);
  // A member that has only begun has a shorter one; nothing refers to what would lie before it.
  std::rotate(window.begin(), window.begin() + bytes, window.end());
  windows_->insert(windows_->end(), window.begin(), window.end());
}

/// Until the output is full, the input is empty or, while points are collected, a block ends.
void GzipFile::inflate_some() {
  if (!refill()) throw Verdict{ImageStatus::damaged, "its gzip stream is cut off"};
  const auto before = stream_.avail_out;
  const int status = inflate(&stream_, points_ != nullptr ? Z_BLOCK : Z_NO_FLUSH);
  position_ += before - stream_.avail_out;
  if (status == Z_STREAM_END) {
    next_member();
    return;
  }
  if (status != Z_OK && status != Z_BUF_ERROR) {
    const std::string why = stream_.msg != nullptr ? stream_.msg : "no reason given";
    throw Verdict{ImageStatus::damaged, "its gzip stream does not inflate: " + why};
  }
  if (points_ != nullptr) note_point();
}

std::size_t GzipFile::read(std::uint8_t* to, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes && !ended_) {
    const auto piece = std::min<std::size_t>(bytes - done, std::numeric_limits<uInt>::max());
    stream_.next_out = to + done;
    stream_.avail_out = static_cast<uInt>(piece);
    while (stream_.avail_out > 0 && !ended_) inflate_some();
    done += piece - stream_.avail_out;
  }
  return done;
}

std::int64_t GzipFile::skip(std::int64_t bytes) {
  std::vector<std::uint8_t> waste(static_cast<std::size_t>(std::min<std::int64_t>(bytes, kPointSpan / 32)));
  std::int64_t done = 0;
  while (done < bytes) {
    const auto piece = std::min<std::int64_t>(bytes - done, std::ssize(waste));
    const auto got = static_cast<std::int64_t>(read(waste.data(), static_cast<std::size_t>(piece)));
    done += got;
    if (got < piece) break;
  }
  return done;
}

}  // namespace coterie::inline images
