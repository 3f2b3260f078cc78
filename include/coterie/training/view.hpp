#pragma once

#include <cstdint>
#include <functional>

#include "coterie/images/preprocess.hpp"

namespace coterie::inline training {

/// What a training step sees of an image.
struct View {
  Box crop;           ///< of the image's pixels
  bool flip = false;  ///< left to right
};

/// torchvision's RandomResizedCrop(scale = (0.08, 1), ratio = (3/4, 4/3)) of an image of that size, to the letter:
/// `uniform` gives its draws in [0, 1), one after the other: for each of ten attempts the area, the ratio's logarithm,
/// and for the one that fits the row and the column.
Box random_resized_crop(PixelSize image, const std::function<double()>& uniform);

/// Crop and flip of the image at a position of an epoch: a function of its arguments alone.
View draw_view(PixelSize image, std::uint64_t seed, std::uint32_t epoch, std::int64_t position);

/// The view at size × size, Pillow's antialiased bilinear filter, flipped, and in the preprocessing's arithmetic: size
/// × size × 3 numbers, channels last, to out.
void render_view(const Image& image, const View& view, const Preprocess& preprocess, float* out);

}  // namespace coterie::inline training
