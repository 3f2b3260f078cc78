#include "coterie/base/on_demand.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/images/opencv_codecs.hpp"
#include "opencv/codecs.hpp"

namespace coterie::inline images {
namespace {

template <typename Function>
Function* codec(const char* name) {
  return reinterpret_cast<Function*>(on_demand("libcoterie_opencv_codecs.so", name));
}

}  // namespace

cv::Mat opencv_decode(std::span<const std::uint8_t> file) {
  static const auto decode = codec<decltype(coterie_opencv_decode)>("coterie_opencv_decode");
  cv::Mat image;
  decode(cv::Mat(1, static_cast<int>(file.size()), CV_8U, const_cast<std::uint8_t*>(file.data())), image);
  return image;
}

std::vector<std::uint8_t> opencv_encode(const std::string& suffix, const cv::Mat& bgr,
                                        const std::vector<int>& parameters) {
  static const auto encode = codec<decltype(coterie_opencv_encode)>("coterie_opencv_encode");
  std::vector<std::uint8_t> bytes;
  if (!encode(suffix, bgr, parameters, bytes)) throw Error("OpenCV cannot encode " + suffix);
  return bytes;
}

}  // namespace coterie::inline images
