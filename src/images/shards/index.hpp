#pragma once

#include "coterie/images/shard.hpp"
#include "shards/tar_reader.hpp"

namespace coterie::inline images {

/// The part of index_shard that does not care where the bytes come from: fills images, columns, values, passed_over and
/// problems.
void index_members(TarInput& input, bool by_content, ShardContents& contents);

}  // namespace coterie::inline images
