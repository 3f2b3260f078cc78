#include "coterie/images/probe.hpp"

#include <algorithm>

#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "decode/examine.hpp"
#include "decode/header.hpp"
#include "decode/placed_bytes.hpp"

namespace coterie::inline images {

namespace {

std::uint64_t hash_in_pieces(const PlacedBytes& image) {
  std::vector<std::uint8_t> piece(std::size_t{1} << 22);
  Hash64 hash;
  for (std::int64_t at = 0;;) {
    const std::size_t got = image.read(piece.data(), piece.size(), at);
    if (got == 0) return hash.value();
    hash.update(piece.data(), got);
    at += static_cast<std::int64_t>(got);
  }
}

/// Before all that the bytes themselves may say: what they were is known to be sound.
void compare_with_seen(const SeenBytes& seen, const Probe& now) {
  if (now.bytes != seen.bytes)
    throw Verdict{ImageStatus::changed, fmt::format("{} bytes, where the scan saw {}", now.bytes, seen.bytes)};
  if (now.content_hash != seen.hash) throw Verdict{ImageStatus::changed, "other bytes than the scan saw"};
}

}  // namespace

void read_image(const ImagePlace& place, const DecodeLimits& limits, bool hash, Examined& result) {
  const PlacedBytes image(place);
  Probe& probe = result.probe;
  probe.bytes = image.size();
  if (place.seen && probe.bytes != place.seen->bytes) compare_with_seen(*place.seen, probe);
  if (probe.bytes == 0) throw Verdict{ImageStatus::empty, "the file is empty"};
  if (probe.bytes > limits.max_bytes) {
    if (hash) probe.content_hash = hash_in_pieces(image);
    throw Verdict{ImageStatus::too_large, fmt::format("{} bytes; the limit is {}", probe.bytes, limits.max_bytes)};
  }
  result.bytes.resize(static_cast<std::size_t>(probe.bytes));
  try {
    result.bytes.resize(image.read(result.bytes.data(), result.bytes.size(), 0));
  } catch (Verdict& verdict) {
    if (place.seen && verdict.status == ImageStatus::damaged)
      verdict.status = ImageStatus::changed;  // it could be read then
    throw;
  }
  probe.bytes = static_cast<std::int64_t>(result.bytes.size());
  if (hash || place.seen) probe.content_hash = hash64(result.bytes.data(), result.bytes.size());
  if (place.seen) compare_with_seen(*place.seen, probe);
}

namespace {

void add(Remark remark, std::string figures, Probe& probe) {
  probe.remarks |= static_cast<std::int32_t>(remark);
  probe.note += (probe.note.empty() ? "" : "; ") + std::move(figures);
}

bool has(const Probe& probe, Remark remark) { return (probe.remarks & static_cast<std::int32_t>(remark)) != 0; }

void add_remarks(const ImageHeader& header, Probe& probe) {
  if (header.pages > 1)
    add(Remark::pages, fmt::format("{} 1 of {}", probe.format == "TIFF" ? "page" : "frame", header.pages), probe);
  if (header.signed_samples) add(Remark::signed_samples, "signed samples", probe);
  if (header.extra_samples > 0)
    add(Remark::extra_samples,
        fmt::format("{} of {} samples left out", header.extra_samples, header.channels + header.extra_samples), probe);
  if (header.untagged_alpha) add(Remark::untagged_alpha, "a fourth sample taken as transparency", probe);
  if (!header.colour_profile.empty()) add(Remark::colour_profile, "colour profile " + header.colour_profile, probe);
  if (header.no_end_marker) add(Remark::no_end_marker, "no end marker", probe);
}

void judge_header(const DecodeLimits& limits, Examined& result) {
  const ImageHeader header = parse_header(result.bytes);
  Probe& probe = result.probe;
  probe.format = header.format;
  probe.channels = header.channels;
  probe.bits = header.bits;
  probe.used_bits = header.bits;
  probe.pages = header.pages;
  probe.orientation = header.orientation;
  constexpr std::int64_t kLargestSide = 0x7FFFFFFF;
  probe.width = static_cast<int>(std::clamp<std::int64_t>(header.width, 0, kLargestSide));
  probe.height = static_cast<int>(std::clamp<std::int64_t>(header.height, 0, kLargestSide));
  if (!header.unsupported.empty()) throw Verdict{ImageStatus::unsupported, header.unsupported};
  // Before damage: a bomb is often cut short as well, and its size is the more telling.
  if (probe.height > 0 && probe.width > limits.max_pixels / probe.height)
    throw Verdict{ImageStatus::too_large,
                  fmt::format("{} x {} pixels are {} million; the limit is {} million", probe.width, probe.height,
                              std::int64_t{probe.width} * probe.height / 1'000'000,
                              static_cast<double>(limits.max_pixels) / 1e6)};
  if (!header.damage.empty()) throw Verdict{ImageStatus::damaged, header.damage};
  add_remarks(header, probe);
}

/// Where the headers do not tell enough.
void look_at_pixels(Examined& examined) {
  Probe& probe = examined.probe;
  constexpr std::int64_t kMostPixels = 64'000'000;  // 12 bytes each, for each thread of a scan
  const bool deep = probe.bits > 8 && std::int64_t{probe.width} * probe.height <= kMostPixels;
  if (probe.status != ImageStatus::ok || !(deep || has(probe, Remark::no_end_marker))) return;
  DecodeOptions options;
  options.least_short = 1;  // a JPEG's pixels are wanted whole, not large
  options.levels = LevelRange::range;
  try {
    const Raster raster = decode_examined(examined, options);
    if (!deep) return;
    probe.used_bits = raster.used_bits;
    constexpr int kFewer = 2;  // one bit less is a picture that is a little dark
    if (probe.used_bits + kFewer <= probe.bits)
      add(Remark::few_bits, fmt::format("{} of {} bits in use", probe.used_bits, probe.bits), probe);
  } catch (const CodecError& error) {
    probe.status = error.status;
    probe.reason = error.reason;
    probe.remarks = 0;
    probe.note.clear();
  }
}

}  // namespace

Examined examine(const ImagePlace& place, const DecodeLimits& limits, bool hash) {
  Examined result;
  try {
    read_image(place, limits, hash, result);
    judge_header(limits, result);
    result.probe.status = ImageStatus::ok;
  } catch (const Verdict& verdict) {
    result.probe.status = verdict.status;
    result.probe.reason = verdict.reason;
  }
  return result;
}

Probe probe_image(const ImagePlace& place, const DecodeLimits& limits) {
  Examined examined = examine(place, limits, true);
  look_at_pixels(examined);
  return std::move(examined.probe);
}

}  // namespace coterie::inline images
