#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::inline store {

/// How far a features artifact has come that is not finished.
struct BegunFeatures {
  std::string name;
  std::int64_t rows = 0;          ///< of all
  std::int64_t done = 0;          ///< of the blocks that the journal names
  std::int64_t idle_seconds = 0;  ///< since something was written
};

/// Of each FOLDER/NAME.h5.partial, by name. Reads the journals alone, which is fast and disturbs nobody who writes; a
/// file that cannot be read is left out. Whether the blocks are sound, only the extraction that goes on will check.
std::vector<BegunFeatures> begun_features(const std::string& folder);

}  // namespace coterie::inline store
