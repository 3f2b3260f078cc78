#include "opencv/encoder.hpp"

#include <opencv2/imgcodecs.hpp>

__attribute__((visibility("default"))) bool coterie_opencv_encode(const std::string& suffix, const cv::Mat& bgr,
                                                                  const std::vector<int>& parameters,
                                                                  std::vector<std::uint8_t>& bytes) {
  return cv::imencode(suffix, bgr, bytes, parameters);
}
