#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coterie/images/gzip_points.hpp"

namespace coterie::inline images {

/// What one look through a tar shard finds.
struct ShardContents {
  struct Image {
    std::string name;         ///< as the shard has it, to the letter: it is a key and never names a file
    std::int64_t offset = 0;  ///< of its first byte in the tar, inflated where the shard is compressed
    std::int64_t bytes = 0;
  };
  struct Problem {
    std::string name;  ///< of the member; empty: of the shard as a whole
    std::string reason;
  };

  std::int64_t file_bytes = 0;                   ///< of the shard
  bool compressed = false;                       ///< gzip, known by its first bytes
  std::vector<AccessPoint> points;               ///< of a compressed shard
  std::vector<std::uint8_t> windows;             ///< kWindowBytes for each point but the first
  std::vector<Image> images;                     ///< in the order of the shard
  std::vector<std::string> columns;              ///< names of the metadata, sorted
  std::vector<std::vector<std::string>> values;  ///< values[c][i] of image i; empty where it has none
  std::int64_t passed_over = 0;                  ///< hidden members and those whose suffix names no image
  std::vector<Problem> problems;
};

/// Whether the name ends in .tar, .tar.gz or .tgz, in any case.
bool has_shard_suffix(const std::string& path);

/// Looks through a tar (POSIX ustar and pax, GNU, V7; plain or gzip) without unpacking it. A plain one costs a read of
/// each member's header, a compressed one is inflated once.
///
/// - Images are regular members with the suffix of an image; with `by_content` also those that begin as one. Of two
/// with one name the later counts, as when unpacking.
/// - Sidecars: `KEY.json` gives a column for each number, text and truth value at its top, `KEY.txt` and `KEY.cls` one
/// of
///   that name (which precedes the json's), to each image whose last part is the key and what follows a dot:
///   "a/photo.v2.jpg" has the sidecars of "a/photo.v2" and, where these give no such column, of "a/photo", which is its
///   key for WebDataset.
/// - Links, devices, sparse and unknown members are problems, as are sidecars that cannot be used and what follows a
///   cut or a damaged header: what lies before is listed.
///
/// Never throws for what it finds in the file, nor for a file that cannot be read (memory aside).
ShardContents index_shard(const std::string& path, bool by_content = false);

/// The access points of a compressed shard, with the windows that `contents` gives up; null for a plain one.
std::shared_ptr<const GzipPoints> take_points(ShardContents& contents);

}  // namespace coterie::inline images
