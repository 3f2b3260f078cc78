#pragma once

#include "coterie/images/shard_table.hpp"
#include "coterie/store/artifact.hpp"

namespace coterie::inline artifacts {

/// The part of images.h5 that says which images lie in tar shards.
void write_shards(ArtifactWriter& writer, const ShardTable& table);

/// Empty where there are none. `bytes`: of each image.
ShardTable read_shards(const ArtifactReader& artifact, const std::vector<std::int64_t>& bytes);

}  // namespace coterie::inline artifacts
