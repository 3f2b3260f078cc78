#pragma once

#include <cstdint>
#include <optional>

namespace coterie::inline store {

/// When the process of this number began, in clock ticks since the machine's own start; none when it is gone, or
/// hidden from this one.
std::optional<std::int64_t> process_start(std::int64_t pid);

}  // namespace coterie::inline store
