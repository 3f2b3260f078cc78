// libtiff itself instead of OpenCV: OpenCV reads on over strips that do not decode, and always applies the
// orientation. And its samples instead of its RGBA: that takes whatever lies behind the colours for transparency,
// signed numbers for unsigned ones, and keeps 8 bits of 16.
#include <tiffio.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

#include "decode/codecs.hpp"
#include "decode/deep_samples.hpp"
#include "decode/tiff_layout.hpp"

namespace coterie::inline images {

namespace {

/// libtiff's error handler is one for the process; its messages are kept apart by thread.
thread_local std::string last_message;

void keep_message(const char*, const char* format, std::va_list arguments) {
  char message[300];
  std::vsnprintf(message, sizeof message, format, arguments);
  last_message = message;
}

struct MemoryFile {
  Bytes bytes;
  std::size_t at = 0;
};

MemoryFile& memory(thandle_t handle) { return *static_cast<MemoryFile*>(handle); }

tmsize_t read_some(thandle_t handle, void* to, tmsize_t bytes) {
  MemoryFile& file = memory(handle);
  const std::size_t left = file.at < file.bytes.size() ? file.bytes.size() - file.at : 0;
  const std::size_t count = std::min(left, static_cast<std::size_t>(std::max<tmsize_t>(bytes, 0)));
  if (count > 0) std::copy_n(file.bytes.data() + file.at, count, static_cast<std::uint8_t*>(to));
  file.at += count;
  return static_cast<tmsize_t>(count);
}

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  MemoryFile& file = memory(handle);
  const toff_t base = whence == SEEK_CUR ? file.at : whence == SEEK_END ? file.bytes.size() : 0;
  return file.at = base + offset;
}

tmsize_t refuse_write(thandle_t, void*, tmsize_t) { return -1; }
int close_nothing(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return memory(handle).bytes.size(); }

/// A strip or tile may claim any size, whatever the picture's: no single buffer needs more than its pixels, padded.
std::int64_t most_bytes(Size size) {
  constexpr std::int64_t kPadding = 64 << 20, kOfPixel = 8;  // RGBA of 16 bits
  return size.width * size.height * kOfPixel + kPadding;
}

TIFF* open_limited(MemoryFile& source, Size size) {
#if TIFFLIB_VERSION >= 20221213  // 4.5.0
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), most_bytes(size));
  return TIFFClientOpenExt("image", "rm", &source, read_some, refuse_write, seek, close_nothing, size_of, nullptr,
                           nullptr, options.get());
#else
  static_cast<void>(size);
  return TIFFClientOpen("image", "rm", &source, read_some, refuse_write, seek, close_nothing, size_of, nullptr,
                        nullptr);
#endif
}

using Tiff = std::unique_ptr<TIFF, void (*)(TIFF*)>;

std::uint64_t number(TIFF* tiff, std::uint32_t tag) {
  std::uint16_t value = 0;
  TIFFGetFieldDefaulted(tiff, tag, &value);
  return value;
}

TiffLayout layout_of(TIFF* tiff) {
  TiffLayout layout;
  std::uint16_t photometric = 0, extras = 0;
  const std::uint16_t* extra = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric) != 0) layout.photometric = photometric;
  layout.compression = number(tiff, TIFFTAG_COMPRESSION);
  layout.samples = number(tiff, TIFFTAG_SAMPLESPERPIXEL);
  layout.bits = {number(tiff, TIFFTAG_BITSPERSAMPLE)};
  layout.formats = {number(tiff, TIFFTAG_SAMPLEFORMAT)};
  layout.ink_set = number(tiff, TIFFTAG_INKSET);
  if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extras, &extra) != 0) layout.extra.assign(extra, extra + extras);
  settle_photometric(layout);
  return layout;
}

/// ABGR words, as libtiff packs them whatever the machine, to bytes.
void unpack(const std::vector<std::uint32_t>& words, Raster& raster) {
  std::uint8_t* to = raster.samples.data();
  for (const std::uint32_t word : words)
    for (int c = 0; c < raster.channels; ++c) *to++ = static_cast<std::uint8_t>(word >> 8 * c);
}

/// YCbCr is stored in blocks that share a colour: libtiff knows how to take them apart.
Raster read_ycbcr(TIFF* tiff, Size size) {
  char why[1024] = "";
  TIFFRGBAImage reader;
  constexpr int kStopOnError = 1;
  if (TIFFRGBAImageBegin(&reader, tiff, kStopOnError, why) == 0) throw CodecError{ImageStatus::damaged, why};
  const std::unique_ptr<TIFFRGBAImage, void (*)(TIFFRGBAImage*)> end(&reader, TIFFRGBAImageEnd);
  require_size(size, reader.width, reader.height);
  reader.req_orientation = reader.orientation;  // as stored: the caller turns
  std::vector<std::uint32_t> words(static_cast<std::size_t>(reader.width) * reader.height);
  if (TIFFRGBAImageGet(&reader, words.data(), reader.width, reader.height) == 0)
    throw CodecError{ImageStatus::damaged, last_message};
  Raster raster;
  raster.allocate(static_cast<int>(reader.width), static_cast<int>(reader.height), 3);
  unpack(words, raster);
  return raster;
}

/// Sample `i` of a packed row: those of 16 bits in the machine's order, others bit after bit.
std::uint16_t sample_at(const std::uint8_t* packed, std::size_t i, unsigned bits) {
  if (bits == 8) return packed[i];
  std::uint16_t sample = 0;
  if (bits == 16) {
    std::memcpy(&sample, packed + 2 * i, 2);
    return sample;
  }
  for (std::size_t bit = i * bits; bit < (i + 1) * bits; ++bit)
    sample = static_cast<std::uint16_t>(sample << 1 | (packed[bit / 8] >> (7 - bit % 8) & 1));
  return sample;
}

/// The samples of a page that are wanted: the colours and the alpha, of any depth.
class WantedSamples {
 public:
  WantedSamples(TIFF* tiff, const TiffLayout& layout, Size size)
      : tiff_(tiff),
        bits_(static_cast<unsigned>(layout.bits.front())),
        samples_(static_cast<int>(layout.samples)),
        colours_(colour_samples(layout)),
        alpha_(tiff_alpha(layout).sample),
        width_(static_cast<std::uint32_t>(size.width)),
        height_(static_cast<std::uint32_t>(size.height)),
        separate_(number(tiff, TIFFTAG_PLANARCONFIG) == PLANARCONFIG_SEPARATE) {}

  int channels() const { return colours_ + (alpha_ >= 0 ? 1 : 0); }

  /// Into `to`, interleaved.
  template <typename Sample>
  void read(std::vector<Sample>& to) {
    for (int plane = 0; plane < (separate_ ? samples_ : 1); ++plane) {
      if (separate_ && channel_of(plane) < 0) continue;
      TIFFIsTiled(tiff_) != 0 ? read_tiles(plane, to) : read_strips(plane, to);
    }
  }

 private:
  /// Where a sample goes; -1 when it is left out.
  int channel_of(int sample) const { return sample < colours_ ? sample : sample == alpha_ ? colours_ : -1; }

  void require_row(tmsize_t bytes, std::uint32_t pixels) const {
    const std::uint64_t wanted = (std::uint64_t{pixels} * (separate_ ? 1 : samples_) * bits_ + 7) / 8;
    if (bytes <= 0 || static_cast<std::uint64_t>(bytes) < wanted)
      throw CodecError{ImageStatus::damaged,
                       last_message.empty() ? "its rows are shorter than its width" : last_message};
  }

  template <typename Sample>
  void read_strips(int plane, std::vector<Sample>& to) {
    require_row(TIFFScanlineSize(tiff_), width_);
    std::vector<std::uint8_t> row(static_cast<std::size_t>(TIFFScanlineSize(tiff_)));
    for (std::uint32_t y = 0; y < height_; ++y) {
      if (TIFFReadScanline(tiff_, row.data(), y, static_cast<std::uint16_t>(plane)) < 0)
        throw CodecError{ImageStatus::damaged, last_message};
      place(row.data(), 0, y, width_, plane, to);
    }
  }

  template <typename Sample>
  void read_tiles(int plane, std::vector<Sample>& to) {
    std::uint32_t wide = 0, high = 0;
    TIFFGetField(tiff_, TIFFTAG_TILEWIDTH, &wide);
    TIFFGetField(tiff_, TIFFTAG_TILELENGTH, &high);
    const tmsize_t row = TIFFTileRowSize(tiff_), bytes = TIFFTileSize(tiff_);
    require_row(row, wide);
    if (high == 0 || bytes / row < high) throw CodecError{ImageStatus::damaged, "its tiles are smaller than they say"};
    if (bytes > most_bytes({width_, height_}))
      throw CodecError{ImageStatus::damaged, "its tiles are far larger than it is"};
    std::vector<std::uint8_t> tile(static_cast<std::size_t>(bytes));
    for (std::uint32_t top = 0; top < height_; top += std::min(high, height_ - top))
      for (std::uint32_t left = 0; left < width_; left += std::min(wide, width_ - left)) {
        if (TIFFReadTile(tiff_, tile.data(), left, top, 0, static_cast<std::uint16_t>(plane)) < 0)
          throw CodecError{ImageStatus::damaged, last_message};
        for (std::uint32_t y = 0; y < std::min(high, height_ - top); ++y)
          place(tile.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(row), left, top + y,
                std::min(wide, width_ - left), plane, to);
      }
  }

  /// `pixels` pixels of a packed row, which begin at (x, y).
  template <typename Sample>
  void place(const std::uint8_t* packed, std::uint32_t x, std::uint32_t y, std::uint32_t pixels, int plane,
             std::vector<Sample>& to) const {
    const auto stride = static_cast<std::size_t>(channels());
    Sample* const row = to.data() + (std::size_t{y} * width_ + x) * stride;
    const std::size_t stored = separate_ ? 1 : static_cast<std::size_t>(samples_);
    if (bits_ == 8 * sizeof(Sample) && stored == stride) {
      std::memcpy(row, packed, pixels * stride * sizeof(Sample));
      return;
    }
    for (std::size_t s = 0; s < stored; ++s) {
      const int channel = channel_of(separate_ ? plane : static_cast<int>(s));
      if (channel < 0) continue;
      for (std::size_t i = 0; i < pixels; ++i)
        row[i * stride + static_cast<std::size_t>(channel)] =
            static_cast<Sample>(sample_at(packed, i * stored + s, bits_));
    }
  }

  TIFF* tiff_;
  unsigned bits_;
  int samples_, colours_, alpha_;
  std::uint32_t width_, height_;
  bool separate_;
};

/// Numbers of up to 8 bits: a palette's stay as they are, others become levels.
Raster read_shallow(WantedSamples& wanted, const TiffLayout& layout, Size size) {
  Raster stored;
  stored.allocate(static_cast<int>(size.width), static_cast<int>(size.height), wanted.channels());
  wanted.read(stored.samples);
  const int bits = static_cast<int>(layout.bits.front());
  if (layout.photometric == kPalette || (bits == 8 && !is_signed(layout))) return stored;
  const int full = (1 << bits) - 1, flip = is_signed(layout) ? 1 << (bits - 1) : 0;
  std::array<std::uint8_t, 256> levels{};
  for (int v = 0; v <= full; ++v)
    levels[static_cast<std::size_t>(v)] = static_cast<std::uint8_t>(((v ^ flip) * 255 + full / 2) / full);
  for (std::uint8_t& sample : stored.samples) sample = levels[sample];
  return stored;
}

Raster read_deep(WantedSamples& wanted, const TiffLayout& layout, Size size, LevelRange levels, int declared_bits) {
  DeepRaster deep{.width = static_cast<int>(size.width), .height = static_cast<int>(size.height)};
  deep.channels = wanted.channels();
  deep.bits = static_cast<int>(layout.bits.front());
  deep.full = (1U << deep.bits) - 1;
  deep.declared_bits = declared_bits;
  const TiffAlpha alpha = tiff_alpha(layout);
  if (alpha.sample >= 0) deep.alpha = deep.channels - 1;
  deep.premultiplied = alpha.associated;
  deep.is_signed = is_signed(layout);
  deep.allocate();
  wanted.read(deep.samples);
  const auto flip = static_cast<std::uint16_t>(deep.is_signed ? 1U << (deep.bits - 1) : 0U);
  if (flip != 0)
    for (std::uint16_t& sample : deep.samples) sample ^= flip;
  return to_bytes(deep, levels);
}

/// From the CIE L*a*b* of TIFF (D50, a and b in two's complement) to sRGB, by the matrix that is adapted to D50 after
/// Bradford. Pillow asks LittleCMS, which differs by a level here and there.
std::array<std::uint8_t, 3> lab_to_rgb(const std::uint8_t* lab) {
  const auto shifted = [](std::uint8_t value) { return static_cast<double>(static_cast<std::int8_t>(value)); };
  const double y = (lab[0] * 100.0 / 255 + 16) / 116, x = y + shifted(lab[1]) / 500, z = y - shifted(lab[2]) / 200;
  const auto linear = [](double t) { return t > 6.0 / 29 ? t * t * t : 3 * (6.0 / 29) * (6.0 / 29) * (t - 4.0 / 29); };
  const std::array<double, 3> xyz = {0.9642 * linear(x), linear(y), 0.8249 * linear(z)};
  constexpr double kMatrix[3][3] = {
      {3.1338561, -1.6168667, -0.4906146}, {-0.9787684, 1.9161415, 0.0334540}, {0.0719453, -0.2289914, 1.4052427}};
  std::array<std::uint8_t, 3> rgb{};
  for (std::size_t c = 0; c < 3; ++c) {
    const double light = std::clamp(kMatrix[c][0] * xyz[0] + kMatrix[c][1] * xyz[1] + kMatrix[c][2] * xyz[2], 0.0, 1.0);
    const double level = light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
    rgb[c] = static_cast<std::uint8_t>(std::lround(255 * level));
  }
  return rgb;
}

using Rgb = std::array<std::uint8_t, 3>;

/// The palette's colours; of 16 bits the high byte counts, as in Pillow, but some writers fill in 8.
std::vector<Rgb> palette_of(TIFF* tiff, std::size_t colours) {
  const std::uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
  if (TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue) == 0)
    throw CodecError{ImageStatus::damaged, "its palette is missing"};
  int shift = 0;
  for (std::size_t i = 0; i < colours; ++i)
    if (std::max({red[i], green[i], blue[i]}) > 255) shift = 8;
  std::vector<Rgb> palette(256, Rgb{0, 0, 0});
  for (std::size_t i = 0; i < colours; ++i)
    palette[i] = {static_cast<std::uint8_t>(red[i] >> shift), static_cast<std::uint8_t>(green[i] >> shift),
                  static_cast<std::uint8_t>(blue[i] >> shift)};
  return palette;
}

/// RGB or RGBA of a raster that has the page's own colours, and the alpha behind them.
template <typename Colour>
Raster in_rgb(const Raster& stored, int colours, Colour colour) {
  Raster rgb;
  const int stride = stored.channels;
  rgb.allocate(stored.width, stored.height, stride > colours ? 4 : 3);
  rgb.premultiplied = stored.premultiplied;
  rgb.used_bits = stored.used_bits;
  std::uint8_t* to = rgb.samples.data();
  for (std::size_t i = 0; i < stored.samples.size(); i += static_cast<std::size_t>(stride)) {
    const Rgb converted = colour(stored.samples.data() + i);
    to = std::copy(converted.begin(), converted.end(), to);
    if (rgb.channels == 4) *to++ = stored.samples[i + static_cast<std::size_t>(colours)];
  }
  return rgb;
}

Raster in_rgb(Raster stored, const TiffLayout& layout, TIFF* tiff) {
  using Sample = const std::uint8_t*;
  switch (layout.photometric) {
    case kMinIsWhite:
      return in_rgb(stored, 1, [](Sample s) {
        const auto level = static_cast<std::uint8_t>(255 - s[0]);
        return Rgb{level, level, level};
      });
    case kMinIsBlack:
      return in_rgb(stored, 1, [](Sample s) { return Rgb{s[0], s[0], s[0]}; });
    case kPalette: {
      const auto palette = palette_of(tiff, std::size_t{1} << layout.bits.front());
      return in_rgb(stored, 1, [&](Sample s) { return palette[s[0]]; });
    }
    case kSeparated:
      return in_rgb(stored, 4, [](Sample s) {
        return Rgb{ink_to_level(s[0], s[3]), ink_to_level(s[1], s[3]), ink_to_level(s[2], s[3])};
      });
    case kCieLab:
      return in_rgb(stored, 3, lab_to_rgb);
    default:
      return stored;
  }
}

/// How many bits MaxSampleValue says are in use; 0 where it says nothing, or more than one thing.
int declared_bits(TIFF* tiff) {
  std::uint16_t most = 0;
  return TIFFGetField(tiff, TIFFTAG_MAXSAMPLEVALUE, &most) == 0 ? 0 : std::bit_width(most);
}

}  // namespace

Raster decode_tiff(Bytes file, Size size, LevelRange levels) {
  static std::once_flag silenced;
  std::call_once(silenced, [] {
    TIFFSetWarningHandler(nullptr);
    TIFFSetErrorHandler(keep_message);
  });
  last_message.clear();
  MemoryFile source{file};
  const Tiff tiff(open_limited(source, size), TIFFClose);
  if (tiff == nullptr) throw CodecError{ImageStatus::damaged, last_message};
  const TiffLayout layout = layout_of(tiff.get());
  if (const std::string refusal = tiff_refusal(layout); !refusal.empty())
    throw CodecError{ImageStatus::unsupported, refusal};
  std::uint32_t width = 0, height = 0;
  TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  require_size(size, width, height);
  if (layout.photometric == kYCbCr) return read_ycbcr(tiff.get(), size);
  WantedSamples wanted(tiff.get(), layout, size);
  Raster stored = layout.bits.front() > 8 ? read_deep(wanted, layout, size, levels, declared_bits(tiff.get()))
                                          : read_shallow(wanted, layout, size);
  stored.premultiplied = tiff_alpha(layout).associated;
  return in_rgb(std::move(stored), layout, tiff.get());
}

}  // namespace coterie::inline images
