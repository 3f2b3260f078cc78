#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "coterie/images/gzip_points.hpp"
#include "coterie/images/image_place.hpp"

namespace coterie::inline images {

/// Which images of a list lie in tar shards, and where there. All empty for a list without shards.
struct ShardTable {
  struct Shard {
    std::string path;                        ///< as in the list: relative to the root
    std::int64_t bytes = 0;                  ///< of the file
    std::shared_ptr<const GzipPoints> gzip;  ///< of a compressed one
  };

  std::vector<Shard> shards;
  std::vector<std::int32_t> shard;    ///< of each image: its number in `shards`; -1: a file of its own
  std::vector<std::int64_t> offsets;  ///< of each image in its shard, inflated; 0 of a file
  std::vector<std::int64_t> bytes;    ///< of each image in its shard; -1 of a file

  bool empty() const { return shards.empty(); }
};

/// Where image `number`, whose listed path is `path`, lies.
ImagePlace place_of(const ShardTable& table, const std::string& root, const std::string& path, std::int64_t number);

}  // namespace coterie::inline images
