// libjpeg itself, as everywhere here, instead of OpenCV: OpenCV fills what a damaged stream does not give with grey and
// says ok, and its CMYK is not Pillow's.
#include <csetjmp>
#include <cstdio>

// After cstdio: jpeglib.h needs FILE.
#include <jerror.h>
#include <jpeglib.h>

#include <algorithm>

#include "decode/codecs.hpp"

namespace coterie::inline images {

namespace {

struct Session {
  jpeg_error_mgr errors;  // first, so that info.err leads back to the session
  jpeg_decompress_struct info;
  jpeg_progress_mgr progress;
  std::jmp_buf jump;
  int code;
  bool no_end_marker;
  char message[JMSG_LENGTH_MAX];
};

Session& session_of(j_common_ptr info) { return *reinterpret_cast<Session*>(info->err); }

[[noreturn]] void stop(j_common_ptr info) {
  Session& session = session_of(info);
  session.code = info->err->msg_code;
  info->err->format_message(info, session.message);
  std::longjmp(session.jump, 1);
}

/// Level -1 is a warning. Some are about style; these say that pixels were invented.
void judge_warning(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:  // libjpeg puts the end marker there: what it then finds missing it warns of
      session_of(info).no_end_marker = true;
      break;
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
      stop(info);
    default:
      break;
  }
}

void say_nothing(j_common_ptr) {}

/// Each scan of a progressive file goes over all of its pixels: a small file of ten thousand scans would keep a core
/// for hours. Real ones have about ten.
void count_scans(j_common_ptr info) {
  constexpr int kMostScans = 200;
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
  Session& session = session_of(info);
  session.code = JERR_BAD_PROGRESSION;
  std::snprintf(session.message, sizeof session.message, "more than %d scans", kMostScans);
  std::longjmp(session.jump, 1);
}

bool is_unsupported(int code) {
  return code == JERR_BAD_PRECISION || code == JERR_ARITH_NOTIMPL || code == JERR_SOF_UNSUPPORTED ||
         code == JERR_CONVERSION_NOTIMPL;
}

/// The divisor of DecodeOptions' rule.
unsigned int reduction(unsigned int width, unsigned int height, const DecodeOptions& options) {
  if (options.least_short <= 0 && options.least_long <= 0) return 1;
  const std::int64_t shorter = std::min(width, height), longer = std::max(width, height);
  for (const unsigned int divisor : {8U, 4U, 2U})
    if (shorter / divisor >= options.least_short && longer / divisor >= options.least_long) return divisor;
  return 1;
}

/// Whether every component's every coefficient came, to its last bit. A file with its end marker may leave some out; of
/// one without it, the scans behind the last are gone.
bool is_whole(const jpeg_decompress_struct& info) {
  for (int c = 0; c < info.num_components; ++c) {
    if (info.comp_info[c].quant_table == nullptr) return false;  // no scan had it
    if (info.coef_bits == nullptr) continue;                     // not progressive
    const int* missing = info.coef_bits[c];
    if (std::any_of(missing, missing + DCTSIZE2, [](int bits) { return bits != 0; })) return false;
  }
  return true;
}

/// False when libjpeg jumped out. Holds nothing that would need a destructor: the jump runs none.
bool read_samples(Session& session, Bytes file, Size size, const DecodeOptions& options, Raster& raster) {
  if (setjmp(session.jump) != 0) return false;
  jpeg_decompress_struct& info = session.info;
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), file.size());
  jpeg_read_header(&info, TRUE);
  require_size(size, info.image_width, info.image_height);
  info.progress = &session.progress;
  info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_RGB;
  info.dct_method = options.dct == JpegTransform::fast ? JDCT_IFAST : JDCT_ISLOW;
  info.scale_num = 1;
  info.scale_denom = reduction(info.image_width, info.image_height, options);
  jpeg_start_decompress(&info);
  raster.allocate(static_cast<int>(info.output_width), static_cast<int>(info.output_height), info.output_components);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = raster.row(static_cast<int>(info.output_scanline));
    jpeg_read_scanlines(&info, &row, 1);
  }
  const bool whole = is_whole(info);  // asked before libjpeg forgets
  jpeg_finish_decompress(&info);
  if (session.no_end_marker && !whole) {
    session.code = JWRN_JPEG_EOF;
    std::snprintf(session.message, sizeof session.message, "the file ends before its last scan");
    return false;
  }
  return true;
}

/// In place. The samples are inverted, as Adobe's programs, which write nearly all CMYK JPEGs, store them.
void inverted_cmyk_to_rgb(Raster& raster) {
  const std::size_t pixels = raster.samples.size() / 4;
  std::uint8_t* samples = raster.samples.data();
  for (std::size_t i = 0; i < pixels; ++i) {
    const std::uint8_t* inks = samples + 4 * i;
    std::uint8_t rgb[3];
    for (int c = 0; c < 3; ++c) rgb[c] = ink_to_level(255 - inks[c], 255 - inks[3]);
    std::copy(rgb, rgb + 3, samples + 3 * i);
  }
  raster.samples.resize(3 * pixels);
  raster.channels = 3;
}

}  // namespace

Raster decode_jpeg(Bytes file, Size size, const DecodeOptions& options) {
  Raster raster;
  Session session{};
  session.info.err = jpeg_std_error(&session.errors);
  session.errors.error_exit = stop;
  session.errors.emit_message = judge_warning;
  session.errors.output_message = say_nothing;
  session.progress.progress_monitor = count_scans;
  bool whole = false;
  try {
    whole = read_samples(session, file, size, options, raster);
  } catch (...) {  // no memory for the samples
    jpeg_destroy_decompress(&session.info);
    throw;
  }
  jpeg_destroy_decompress(&session.info);
  if (!whole)
    throw CodecError{is_unsupported(session.code) ? ImageStatus::unsupported : ImageStatus::damaged, session.message};
  if (raster.channels == 4) inverted_cmyk_to_rgb(raster);
  return raster;
}

}  // namespace coterie::inline images
