#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>

#include "decode/codecs.hpp"

namespace coterie::inline images {

Raster decode_webp(Bytes file, Size size) {
  // The animation decoder also reads still pictures, and is what Pillow uses for both.
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) throw CodecError{ImageStatus::unreadable, "libwebp cannot start"};
  options.color_mode = MODE_RGBA;
  options.use_threads = 0;
  const WebPData data{file.data(), file.size()};
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(WebPAnimDecoderNew(&data, &options),
                                                                             WebPAnimDecoderDelete);
  WebPAnimInfo info;
  std::uint8_t* pixels = nullptr;
  int time = 0;
  if (decoder == nullptr || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0)
    throw CodecError{ImageStatus::damaged, "its WebP data do not decode"};
  require_size(size, info.canvas_width, info.canvas_height);
  if (WebPAnimDecoderGetNext(decoder.get(), &pixels, &time) == 0)
    throw CodecError{ImageStatus::damaged, "its WebP data do not decode"};
  Raster raster;
  raster.allocate(static_cast<int>(info.canvas_width), static_cast<int>(info.canvas_height), 4);
  std::copy_n(pixels, raster.samples.size(), raster.samples.data());
  return raster;
}

}  // namespace coterie::inline images
