#pragma once

#include <cstdint>
#include <vector>

#include "coterie/descriptors/image_descriptors.hpp"
#include "coterie/images/decode.hpp"

namespace coterie::inline descriptors {

/// Numbers of one SIFT descriptor: 4 × 4 cells of 8 directions.
inline constexpr std::int64_t kSiftColumns = 128;

/// How colours become grey: OpenCV's cvtColor, 0.299, 0.587, 0.114 in 15-bit fixed point.
enum class GreyOrder {
  rgb,      ///< the weights for red, green and blue: what OpenCV gives of an image that it read itself
  swapped,  ///< for blue, green and red: what it gives of an RGB array, such as Pillow's or torchvision's
};

/// What --max-keypoints n does where several keypoints are as strong as the n-th: one extremum gives a keypoint for
/// each of its directions, all of one response.
enum class Ties {
  cut,        ///< by (response, strongest first; x; y; size; angle) the first n
  published,  ///< all of them stay, as OpenCV has it; an image that then has another number than n has none at all
};

/// Where an upright descriptor is taken whatever the image shows.
struct DenseGrid {
  std::int64_t step = 0;            ///< pixels between neighbours; 0: no grid, keypoints are detected
  std::vector<std::int64_t> sides;  ///< of the squares that are described, in pixels; each at each place
};

/// Lowe's SIFT ("Distinctive image features from scale-invariant keypoints", IJCV 2004) as OpenCV has it, with its
/// defaults.
struct SiftOptions {
  std::int64_t max_edge = 1600;    ///< pixels: a larger image is reduced to this longer edge first; 0: never
  std::int64_t max_keypoints = 0;  ///< the strongest of an image; 0: all
  Ties ties = Ties::cut;
  GreyOrder grey = GreyOrder::rgb;
  double contrast_threshold = 0.04, edge_threshold = 10;
  bool root = false;  ///< RootSIFT (Arandjelovic and Zisserman, CVPR 2012): square roots of shares, in float32
  DenseGrid grid;
};

/// An image as SIFT sees it.
struct GreyImage {
  std::int32_t width = 0, height = 0;  ///< of the image as it was decoded
  int grey_width = 0, grey_height = 0;
  std::vector<std::uint8_t> grey;  ///< grey_height × grey_width
};

/// Reduces to max_edge (Pillow's antialiased bilinear filter) and makes it grey.
GreyImage prepare_for_sift(Image image, const SiftOptions& options);

/// Bytes that sift() takes beside the image, for each pixel of the grey one: 6 Gaussian and 5 difference images in
/// float32, at 4 times the pixels and 4/3 of that for all octaves, are 235; for a grid, which needs one octave of
/// Gaussian images, 32.
std::int64_t sift_bytes_a_pixel(const SiftOptions& options);
std::int64_t sift_bytes(const GreyImage& image, const SiftOptions& options);

/// Keypoints with their descriptors, in the order of Ties::cut, or of a grid by rows, each place with its sides in
/// turn. Bytes, but of RootSIFT floats. A descriptor of a place without any gradient is all zero. Runs on the caller's
/// thread alone; any number may call at once. One OpenCV gives the same bits on any number of threads and ranks;
/// between processors, values may differ by 1 (its vectors are of other widths).
ImageDescriptors sift(const GreyImage& image, const SiftOptions& options);

}  // namespace coterie::inline descriptors
