#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <utility>

#include "decode/codecs.hpp"
#include "decode/deep_samples.hpp"

namespace coterie::inline images {

namespace {

struct Session {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Bytes rest;
  char message[200] = "";
};

void stop(png_structp png, png_const_charp what) {
  auto& session = *static_cast<Session*>(png_get_error_ptr(png));
  std::strncpy(session.message, what, sizeof session.message - 1);
  png_longjmp(png, 1);
}

void say_nothing(png_structp, png_const_charp) {}

void give_bytes(png_structp png, png_bytep to, std::size_t bytes) {
  auto& session = *static_cast<Session*>(png_get_io_ptr(png));
  if (bytes > session.rest.size()) png_error(png, "the file ends early");
  std::copy_n(session.rest.data(), bytes, to);
  session.rest = session.rest.subspan(bytes);
}

/// Everything becomes RGB or RGBA: palettes, low bit depths, grey, tRNS; of 16 bits the high byte, as Pillow reads
/// them, or all where the bits in use are asked for.
void request_rgb(Session& session, LevelRange levels) {
  png_set_expand(session.png);
  if (levels == LevelRange::full) png_set_strip_16(session.png);
  if (std::endian::native == std::endian::little) png_set_swap(session.png);
  png_set_gray_to_rgb(session.png);
  png_set_interlace_handling(session.png);
  png_read_update_info(session.png, session.info);
}

/// What sBIT says: how many bits were in use before they came into a PNG. 0 where it says nothing.
int declared_bits(const Session& session) {
  png_color_8p bits = nullptr;
  if (png_get_sBIT(session.png, session.info, &bits) == 0) return 0;
  return (png_get_color_type(session.png, session.info) & PNG_COLOR_MASK_COLOR) != 0
             ? std::max({bits->red, bits->green, bits->blue})
             : bits->gray;
}

/// Of the two, `deep` takes 16 bits and `raster` 8.
struct Samples {
  Raster raster;
  DeepRaster deep;
  std::vector<png_bytep> rows;
};

void allocate(const Session& session, Samples& samples) {
  const auto width = static_cast<int>(png_get_image_width(session.png, session.info));
  const auto height = static_cast<int>(png_get_image_height(session.png, session.info));
  const int channels = png_get_channels(session.png, session.info);
  const bool is_deep = png_get_bit_depth(session.png, session.info) == 16;
  DeepRaster& deep = samples.deep;
  if (is_deep) deep = {.width = width, .height = height, .channels = channels, .alpha = channels == 4 ? 3 : -1};
  if (is_deep) deep.allocate();
  if (!is_deep) samples.raster.allocate(width, height, channels);
  samples.rows.resize(static_cast<std::size_t>(height));
  for (int y = 0; y < height; ++y)
    samples.rows[static_cast<std::size_t>(y)] =
        is_deep ? reinterpret_cast<png_bytep>(deep.row(y)) : samples.raster.row(y);
}

/// False when libpng jumped out. Holds nothing that would need a destructor: the jump runs none.
bool read_samples(Session& session, Size size, LevelRange levels, Samples& samples) {
  if (setjmp(png_jmpbuf(session.png)) != 0) return false;
  png_set_read_fn(session.png, &session, give_bytes);
  png_read_info(session.png, session.info);
  require_size(size, png_get_image_width(session.png, session.info), png_get_image_height(session.png, session.info));
  request_rgb(session, levels);
  allocate(session, samples);
  samples.deep.declared_bits = declared_bits(session);
  png_read_image(session.png, samples.rows.data());
  png_read_end(session.png, nullptr);
  return true;
}

}  // namespace

Raster decode_png(Bytes file, Size size, LevelRange levels) {
  Samples samples;
  Session session;
  session.rest = file;
  session.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, stop, say_nothing);
  if (session.png == nullptr) throw CodecError{ImageStatus::unreadable, "libpng cannot start"};
  struct Close {
    Session& session;
    ~Close() { png_destroy_read_struct(&session.png, &session.info, nullptr); }
  } close{session};
  session.info = png_create_info_struct(session.png);
  if (session.info == nullptr) throw CodecError{ImageStatus::unreadable, "libpng cannot start"};
  if (!read_samples(session, size, levels, samples)) throw CodecError{ImageStatus::damaged, session.message};
  if (samples.deep.samples.empty()) return std::move(samples.raster);
  samples.deep.keeps_high_byte = true;
  return to_bytes(samples.deep, levels);
}

}  // namespace coterie::inline images
