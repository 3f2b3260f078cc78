#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "coterie/images/gzip_points.hpp"
#include "decode/open_file.hpp"

namespace coterie::inline images {

/// A gzip file (of one or several members) that is inflated forwards, from its beginning or from an access point.
/// Throws Verdict, damaged where the stream contradicts itself.
class GzipFile {
 public:
  explicit GzipFile(const std::string& path);
  ~GzipFile();
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;

  /// Inflated bytes before the next one.
  std::int64_t position() const { return position_; }

  /// Goes on from this point instead; `window` may be null for the first.
  void jump(const AccessPoint& point, const std::uint8_t* window);

  /// Up to `bytes` bytes; fewer only at the end. A file that ends inside a member is damaged.
  std::size_t read(std::uint8_t* to, std::size_t bytes);

  /// Inflates for nothing; fewer only at the end.
  std::int64_t skip(std::int64_t bytes);

  /// From now on notes an access point about every kPointSpan inflated bytes.
  void collect(std::vector<AccessPoint>& points, std::vector<std::uint8_t>& windows);

 private:
  bool refill();
  bool next_member();
  void inflate_some();
  void note_point();

  OpenFile file_;
  std::vector<std::uint8_t> input_;
  std::int64_t read_ = 0;  // bytes of the file that were read so far
  z_stream stream_{};
  std::int64_t position_ = 0;
  bool raw_ = false;    // begun at a point: neither header nor checksum
  bool ended_ = false;  // the last member is over
  std::vector<AccessPoint>* points_ = nullptr;
  std::vector<std::uint8_t>* windows_ = nullptr;
};

}  // namespace coterie::inline images
