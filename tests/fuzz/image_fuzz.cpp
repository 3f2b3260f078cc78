// Images: the walk over their headers, and the decoders behind it, with the limits that a scan sets. What the walk
// refuses must not be decoded; what is decoded must be what the walk predicted.

#include <cstdlib>

#include "coterie/images/decode.hpp"
#include "file_in_memory.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace coterie;
  const FileInMemory file(data, size);
  DecodeOptions options;
  options.limits.max_pixels = 1 << 20;
  options.exif = ExifRotation::ignore;
  const Probe probe = probe_image(file.path(), options.limits);
  try {
    const Image image = decode_image(file.path(), options);
    if (probe.status != ImageStatus::ok || image.width != probe.width || image.height != probe.height) std::abort();
  } catch (const DecodeError& error) {
    if (error.reason().empty() || (probe.status != ImageStatus::ok && error.status() != probe.status)) std::abort();
  }
  return 0;
}
