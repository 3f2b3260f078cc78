#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coterie/images/gzip_points.hpp"

namespace coterie::inline images {

/// What the scan found in an image's bytes.
struct SeenBytes {
  std::int64_t bytes = 0;
  std::uint64_t hash = 0;  ///< hash64 of all of them

  bool operator==(const SeenBytes&) const = default;
};

/// Where the bytes of one image lie: in a file of its own, or in a piece of a tar shard. All that reads images takes
/// this, so that nothing else has to know which it is.
struct ImagePlace {
  ImagePlace() = default;
  ImagePlace(std::string whole_file) : file(std::move(whole_file)) {}  // a path is a place
  ImagePlace(const char* whole_file) : file(whole_file) {}

  std::string file;
  std::int64_t offset = 0;                 ///< of the first byte; in a compressed shard of the inflated tar
  std::int64_t bytes = -1;                 ///< -1: the whole file
  std::shared_ptr<const GzipPoints> gzip;  ///< of a compressed shard
  std::optional<SeenBytes> seen;           ///< bytes that differ from these are ImageStatus::changed
};

/// All bytes of an image. Throws DecodeError with the status and the reason when they cannot be had, or are not those
/// that were seen.
std::vector<std::uint8_t> image_bytes(const ImagePlace& place);

}  // namespace coterie::inline images
