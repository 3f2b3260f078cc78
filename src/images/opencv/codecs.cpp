// The shared library libcoterie_opencv_codecs.so; see coterie/images/opencv_codecs.hpp.

#include "opencv/codecs.hpp"

#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#define COTERIE_SHOWN __attribute__((visibility("default")))

COTERIE_SHOWN void coterie_opencv_decode(const cv::Mat& file, cv::Mat& image) {
  static const auto silenced = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  static_cast<void>(silenced);
  image = cv::imdecode(file, cv::IMREAD_COLOR | cv::IMREAD_ANYDEPTH | cv::IMREAD_IGNORE_ORIENTATION);
}

COTERIE_SHOWN bool coterie_opencv_encode(const std::string& suffix, const cv::Mat& image,
                                         const std::vector<int>& parameters, std::vector<std::uint8_t>& bytes) {
  return cv::imencode(suffix, image, bytes, parameters);
}
