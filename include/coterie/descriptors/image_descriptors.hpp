#pragma once

#include <cstdint>
#include <vector>

#include "coterie/images/image_status.hpp"

namespace coterie::inline descriptors {

/// Where one descriptor was taken, in pixels of the image as it was decoded and turned upright, whatever it was scaled
/// to in between; the origin is the centre of the first pixel.
struct Keypoint {
  float x = 0, y = 0;
  /// Diameter of the neighbourhood: OpenCV's size, twice the scale of the blur. A SIFT descriptor sums up gradients in
  /// a square of kSiftSides sizes a side, turned by the angle. Of a network's layer the side of the receptive field.
  float size = 0;
  float angle = 0;     ///< degrees, clockwise from the x axis as OpenCV has it; 0 where a detector has none
  float response = 0;  ///< strength of the detection; 0 where a detector has none
};

/// 4 × 4 cells of 3 scales each (Lowe 2004; OpenCV's SIFT_DESCR_WIDTH and SIFT_DESCR_SCL_FCTR), a size being 2 scales.
inline constexpr float kSiftSides = 6;

/// What a detector found in one image. An image without a keypoint has none of all, and is no failure.
struct ImageDescriptors {
  ImageStatus status = ImageStatus::ok;
  std::int32_t width = 0, height = 0;  ///< pixels, of the image that the keypoints lie in; 0 where it was not decoded
  std::vector<Keypoint> keypoints;
  std::vector<std::uint8_t> bytes;  ///< keypoints × D of a detector whose descriptors are whole numbers up to 255
  std::vector<float> floats;        ///< keypoints × D of any other
};

}  // namespace coterie::inline descriptors
