#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include "decode/codecs.hpp"

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

/// Everything becomes 8-bit RGB or RGBA: palettes, low bit depths, grey, tRNS; 16 bits keep the high byte, as
/// Pillow reads them.
void request_rgb(Session& session) {
  png_set_expand(session.png);
  png_set_strip_16(session.png);
  png_set_gray_to_rgb(session.png);
  png_set_interlace_handling(session.png);
  png_read_update_info(session.png, session.info);
}

/// False when libpng jumped out. Holds nothing that would need a destructor: the jump runs none.
bool read_samples(Session& session, Size size, Raster& raster, std::vector<png_bytep>& rows) {
  if (setjmp(png_jmpbuf(session.png)) != 0) return false;
  png_set_read_fn(session.png, &session, give_bytes);
  png_read_info(session.png, session.info);
  require_size(size, png_get_image_width(session.png, session.info), png_get_image_height(session.png, session.info));
  request_rgb(session);
  raster.allocate(static_cast<int>(png_get_image_width(session.png, session.info)),
                  static_cast<int>(png_get_image_height(session.png, session.info)),
                  png_get_channels(session.png, session.info));
  rows.resize(static_cast<std::size_t>(raster.height));
  for (int y = 0; y < raster.height; ++y) rows[static_cast<std::size_t>(y)] = raster.row(y);
  png_read_image(session.png, rows.data());
  png_read_end(session.png, nullptr);
  return true;
}

}  // namespace

Raster decode_png(Bytes file, Size size) {
  Raster raster;
  std::vector<png_bytep> rows;
  Session session;
  session.rest = file;
  session.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, stop, say_nothing);
  if (session.png == nullptr) throw CodecError{Fate::unreadable, "libpng cannot start"};
  struct Close {
    Session& session;
    ~Close() { png_destroy_read_struct(&session.png, &session.info, nullptr); }
  } close{session};
  session.info = png_create_info_struct(session.png);
  if (session.info == nullptr) throw CodecError{Fate::unreadable, "libpng cannot start"};
  if (!read_samples(session, size, raster, rows)) throw CodecError{Fate::damaged, session.message};
  return raster;
}

}  // namespace coterie::inline images
