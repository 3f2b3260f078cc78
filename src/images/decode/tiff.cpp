// libtiff itself instead of OpenCV: OpenCV reads on over strips that do not decode, and always applies the
// orientation.
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <memory>
#include <mutex>

#include "decode/codecs.hpp"

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
TIFF* open_limited(MemoryFile& source, Size size) {
#if TIFFLIB_VERSION >= 20221213                                // 4.5.0
  constexpr std::int64_t kPadding = 64 << 20, kMostBytes = 8;  // RGBA of 16 bits
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), size.width * size.height * kMostBytes + kPadding);
  return TIFFClientOpenExt("image", "rm", &source, read_some, refuse_write, seek, close_nothing, size_of, nullptr,
                           nullptr, options.get());
#else
  static_cast<void>(size);
  return TIFFClientOpen("image", "rm", &source, read_some, refuse_write, seek, close_nothing, size_of, nullptr,
                        nullptr);
#endif
}

/// ABGR words, as libtiff packs them whatever the machine, to bytes.
void unpack(const std::vector<std::uint32_t>& words, Raster& raster) {
  std::uint8_t* to = raster.samples.data();
  for (const std::uint32_t word : words)
    for (int c = 0; c < raster.channels; ++c) *to++ = static_cast<std::uint8_t>(word >> 8 * c);
}

}  // namespace

Raster decode_tiff(Bytes file, Size size) {
  static std::once_flag silenced;
  std::call_once(silenced, [] {
    TIFFSetWarningHandler(nullptr);
    TIFFSetErrorHandler(keep_message);
  });
  last_message.clear();
  MemoryFile source{file};
  const std::unique_ptr<TIFF, void (*)(TIFF*)> tiff(open_limited(source, size), TIFFClose);
  if (tiff == nullptr) throw CodecError{Fate::damaged, last_message};
  char why[1024] = "";
  if (TIFFRGBAImageOK(tiff.get(), why) == 0) throw CodecError{Fate::unsupported, why};
  TIFFRGBAImage reader;
  constexpr int kStopOnError = 1;
  if (TIFFRGBAImageBegin(&reader, tiff.get(), kStopOnError, why) == 0) throw CodecError{Fate::damaged, why};
  const std::unique_ptr<TIFFRGBAImage, void (*)(TIFFRGBAImage*)> end(&reader, TIFFRGBAImageEnd);
  require_size(size, reader.width, reader.height);
  reader.req_orientation = reader.orientation;  // as stored: the caller turns
  std::vector<std::uint32_t> words(static_cast<std::size_t>(reader.width) * reader.height);
  if (TIFFRGBAImageGet(&reader, words.data(), reader.width, reader.height) == 0)
    throw CodecError{Fate::damaged, last_message};
  Raster raster;
  raster.allocate(static_cast<int>(reader.width), static_cast<int>(reader.height), reader.alpha != 0 ? 4 : 3);
  raster.premultiplied = true;
  unpack(words, raster);
  return raster;
}

}  // namespace coterie::inline images
