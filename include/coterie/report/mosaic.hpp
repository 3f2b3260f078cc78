#pragma once

#include <string>
#include <vector>

#include "coterie/images/decode.hpp"

namespace coterie::inline report {

/// A square of an image, in its pixels; (0, 0) is the centre of the first pixel.
struct PatchPlace {
  double x = 0, y = 0;  ///< its centre
  double side = 1;
  double angle = 0;  ///< degrees, clockwise: how far the square's upper edge is turned from the image's
};

/// The square as an upright edge x edge picture: of each pixel the mean of up to 16 x 16 bilinear samples, as many as
/// make none miss a pixel of the image. Beyond the image its last pixels go on. Throws InvalidArgument for an empty
/// image, an edge below 1, and a side that is not positive.
Image cut_patch(const Image& image, const PatchPlace& place, int edge);

/// Patches of one size side by side, `columns` in a row, white between them and where the last row ends early, as a
/// JPEG file's bytes. Throws InvalidArgument for no patch, and for others than edge x edge.
std::string mosaic_jpeg(const std::vector<Image>& patches, int edge, int columns, int gap = 1, int quality = 85);

}  // namespace coterie::inline report
