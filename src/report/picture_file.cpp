#include "picture_file.hpp"

#include <opencv2/imgcodecs.hpp>  // the names of its parameters alone; see opencv/encoder.hpp
#include <opencv2/imgproc.hpp>

#include "coterie/base/errors.hpp"
#include "coterie/base/on_demand.hpp"
#include "opencv/encoder.hpp"

namespace coterie::inline report {

bool is_jpeg(const std::string& suffix) { return suffix == ".jpg" || suffix == ".jpeg"; }

std::string encode(const cv::Mat& bgr, const std::string& suffix, int jpeg_quality) {
  std::vector<int> parameters;
  if (is_jpeg(suffix)) parameters = {cv::IMWRITE_JPEG_QUALITY, jpeg_quality};
  static const auto encoder = reinterpret_cast<decltype(&coterie_opencv_encode)>(
      on_demand("libcoterie_opencv_encoder.so", "coterie_opencv_encode"));
  std::vector<std::uint8_t> bytes;
  if (!encoder(suffix, bgr, parameters, bytes)) throw Error("OpenCV cannot encode " + suffix);
  return {bytes.begin(), bytes.end()};
}

void copy_pixels(const Image& image, cv::Mat target) {
  const cv::Mat source(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()));
  cv::cvtColor(source, target, cv::COLOR_RGB2BGR);
}

}  // namespace coterie::inline report
