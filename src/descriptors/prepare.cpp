#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "coterie/descriptors/sift.hpp"
#include "coterie/images/resize.hpp"
#include "opencv_settings.hpp"

namespace coterie::inline descriptors {
namespace {

int scaled(int length, double factor) { return std::max(1, static_cast<int>(std::lround(length * factor))); }

Image reduced(Image image, std::int64_t max_edge) {
  const std::int64_t longer = std::max(image.width, image.height);
  if (max_edge == 0 || longer <= max_edge) return image;
  const double factor = static_cast<double>(max_edge) / static_cast<double>(longer);
  return resize(image, scaled(image.width, factor), scaled(image.height, factor), Filter::bilinear);
}

}  // namespace

GreyImage prepare_for_sift(Image image, const SiftOptions& options) {
  settle_opencv();
  GreyImage made{image.width, image.height, 0, 0, {}};
  Image small = reduced(std::move(image), options.max_edge);
  made.grey_width = small.width;
  made.grey_height = small.height;
  made.grey.resize(small.rgb.size() / 3);
  const cv::Mat colours(small.height, small.width, CV_8UC3, small.rgb.data());
  cv::Mat grey(small.height, small.width, CV_8UC1, made.grey.data());
  cv::cvtColor(colours, grey, options.grey == GreyOrder::rgb ? cv::COLOR_RGB2GRAY : cv::COLOR_BGR2GRAY);
  return made;
}

std::int64_t sift_bytes_a_pixel(const SiftOptions& options) {
  constexpr std::int64_t kDetected = 235, kGrid = 32;
  return options.grid.step == 0 ? kDetected : kGrid;
}

std::int64_t sift_bytes(const GreyImage& image, const SiftOptions& options) {
  return std::int64_t{image.grey_width} * image.grey_height * sift_bytes_a_pixel(options);
}

}  // namespace coterie::inline descriptors
