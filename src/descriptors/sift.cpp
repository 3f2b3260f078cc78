#include "coterie/descriptors/sift.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>
#include <opencv2/features2d.hpp>
#include <tuple>

#include "coterie/base/errors.hpp"
#include "opencv_settings.hpp"

namespace coterie::inline descriptors {
namespace {

constexpr int kOctaveLayers = 3;
constexpr double kSigma = 1.6;

std::vector<cv::KeyPoint> grid_of(const GreyImage& image, const DenseGrid& grid) {
  std::vector<cv::KeyPoint> places;
  for (std::int64_t y = grid.step / 2; y < image.grey_height; y += grid.step)
    for (std::int64_t x = grid.step / 2; x < image.grey_width; x += grid.step)
      for (const auto side : grid.sides)
        places.emplace_back(static_cast<float>(x), static_cast<float>(y), static_cast<float>(side) / kSiftSides, 0.0F);
  return places;
}

// The order of the keypoints in the result, of which some may be left out.
std::vector<std::size_t> chosen_order(const std::vector<cv::KeyPoint>& found, const SiftOptions& options) {
  std::vector<std::size_t> order(found.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (options.grid.step > 0) return order;
  const auto key = [&](std::size_t i) {
    const cv::KeyPoint& point = found[i];
    return std::tuple(-point.response, point.pt.x, point.pt.y, point.size, point.angle);
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  const auto most = static_cast<std::size_t>(options.max_keypoints);
  if (most == 0) return order;
  if (options.ties == Ties::cut) order.resize(std::min(order.size(), most));
  if (options.ties == Ties::published && order.size() != most) order.clear();
  return order;
}

// From pixels of the grey image to those of the decoded one, whose first pixels' centres are both at 0.
Keypoint placed(const cv::KeyPoint& point, const GreyImage& image) {
  const float across = static_cast<float>(image.width) / static_cast<float>(image.grey_width);
  const float down = static_cast<float>(image.height) / static_cast<float>(image.grey_height);
  if (image.width == image.grey_width && image.height == image.grey_height)
    return {point.pt.x, point.pt.y, point.size, point.angle, point.response};
  return {(point.pt.x + 0.5F) * across - 0.5F, (point.pt.y + 0.5F) * down - 0.5F, point.size * std::max(across, down),
          point.angle, point.response};
}

void append_root(const std::uint8_t* descriptor, std::vector<float>& to) {
  const int sum = std::accumulate(descriptor, descriptor + kSiftColumns, 0);
  for (std::int64_t d = 0; d < kSiftColumns; ++d)
    to.push_back(sum == 0 ? 0.0F : std::sqrt(static_cast<float>(descriptor[d]) / static_cast<float>(sum)));
}

}  // namespace

ImageDescriptors sift(const GreyImage& image, const SiftOptions& options) {
  settle_opencv();
  ImageDescriptors made{ImageStatus::ok, image.width, image.height, {}, {}, {}};
  const cv::Mat grey(image.grey_height, image.grey_width, CV_8UC1, const_cast<std::uint8_t*>(image.grey.data()));
  std::vector<cv::KeyPoint> found;
  if (options.grid.step > 0) found = grid_of(image, options.grid);
  cv::Mat descriptors;
  try {
    cv::SIFT::create(static_cast<int>(options.max_keypoints), kOctaveLayers, options.contrast_threshold,
                     options.edge_threshold, kSigma, CV_8U)
        ->detectAndCompute(grey, cv::noArray(), found, descriptors, options.grid.step > 0);
  } catch (const cv::Exception& error) {
    if (error.code == cv::Error::StsNoMem) throw std::bad_alloc();
    throw Error(fmt::format("OpenCV's SIFT: {}", error.err));
  }
  for (const std::size_t i : chosen_order(found, options)) {
    made.keypoints.push_back(placed(found[i], image));
    const std::uint8_t* descriptor = descriptors.ptr<std::uint8_t>(static_cast<int>(i));
    if (options.root)
      append_root(descriptor, made.floats);
    else
      made.bytes.insert(made.bytes.end(), descriptor, descriptor + kSiftColumns);
  }
  return made;
}

}  // namespace coterie::inline descriptors
