#pragma once

#include <string>
#include <vector>

#include "coterie/images/probe.hpp"
#include "decode/codecs.hpp"

namespace coterie::inline images {

/// An image's bytes and all that can be known without decoding them.
struct Examined {
  Probe probe;                      ///< content_hash is zero unless it was asked for or the place says what was seen
  std::vector<std::uint8_t> bytes;  ///< empty when the image was not held in memory
};

/// Reads the image once into `result`, with its size and, where it is asked for, its hash. Throws Verdict: it cannot be
/// read, is not what was seen, is empty or too large.
void read_image(const ImagePlace& place, const DecodeLimits& limits, bool hash, Examined& result);

/// The same, and looks at its headers. Never throws for what it finds (memory aside).
Examined examine(const ImagePlace& place, const DecodeLimits& limits, bool hash);

/// Its pixels. Throws CodecError.
Raster decode_examined(const Examined& examined, const DecodeOptions& options);

}  // namespace coterie::inline images
