#pragma once

#include <string>
#include <vector>

#include "coterie/images/probe.hpp"

namespace coterie {

/// A file's bytes and all that can be told without decoding them.
struct Examined {
  Probe probe;                      ///< content_hash is zero unless it was asked for
  std::vector<std::uint8_t> bytes;  ///< empty when the file was not held in memory
};

/// Reads the file once. Never throws for what it finds (memory aside).
Examined examine(const std::string& path, const DecodeLimits& limits, bool hash);

}  // namespace coterie
