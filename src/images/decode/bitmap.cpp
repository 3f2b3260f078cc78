#include <limits>
#include <opencv2/core.hpp>

#include "coterie/images/opencv_codecs.hpp"
#include "decode/codecs.hpp"

namespace coterie::inline images {

// OpenCV prints what its decoders throw to stderr whatever the log level, so parse_bmp and parse_pnm let only files
// through whose sizes have been checked.
Raster decode_bitmap(Bytes file, Size size) {
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw CodecError{Fate::too_large, "OpenCV decodes BMP and PNM up to 2 GB"};
  cv::Mat image;
  try {
    image = opencv_decode(file);
  } catch (const cv::Exception& error) {
    throw CodecError{Fate::damaged, error.err};
  }
  if (image.empty()) throw CodecError{Fate::damaged, "its data do not decode"};
  require_size(size, image.cols, image.rows);
  Raster raster;
  raster.allocate(image.cols, image.rows, 3);
  std::uint8_t* to = raster.samples.data();
  for (int y = 0; y < image.rows; ++y)
    for (int x = 0; x < image.cols; ++x)
      for (int c = 2; c >= 0; --c)  // OpenCV keeps BGR; of 16 bits the high byte counts
        *to++ = image.depth() == CV_16U ? static_cast<std::uint8_t>(image.ptr<std::uint16_t>(y)[3 * x + c] >> 8)
                                        : image.ptr<std::uint8_t>(y)[3 * x + c];
  return raster;
}

}  // namespace coterie::inline images
