#include <limits>
#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#include "decode/codecs.hpp"

namespace coterie::inline images {

// OpenCV prints what its decoders throw to stderr whatever the log level, so parse_bmp lets only files through whose
// sizes have been checked.
Raster decode_bmp(Bytes file, Size size) {
  static std::once_flag silenced;
  std::call_once(silenced, [] { cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); });
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw CodecError{Fate::too_large, "OpenCV decodes BMP up to 2 GB"};
  cv::Mat image;
  try {
    const cv::Mat bytes(1, static_cast<int>(file.size()), CV_8U, const_cast<std::uint8_t*>(file.data()));
    image = cv::imdecode(bytes, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
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
      for (int c = 2; c >= 0; --c) *to++ = image.ptr<std::uint8_t>(y)[3 * x + c];  // OpenCV keeps BGR
  return raster;
}

}  // namespace coterie::inline images
