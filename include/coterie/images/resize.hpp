#pragma once

#include <optional>
#include <string_view>

#include "coterie/images/decode.hpp"

namespace coterie::inline images {

/// Pillow's resampling filters; all but nearest widen with the reduction (antialiased). And one of TensorFlow 1.
enum class Filter {
  nearest,
  box,
  bilinear,
  bicubic,
  lanczos,
  tf1_bilinear,  ///< gives float32 levels: resize_tf1_bilinear
};

std::string_view filter_name(Filter filter);

/// The inverse of filter_name. Throws InvalidArgument that lists the names.
Filter parse_filter(std::string_view name);

/// A rectangle of pixels.
struct Box {
  int x = 0, y = 0, width = 0, height = 0;
};

/// Which axis is resampled first. The 8-bit rounding between the passes makes it visible, by a level or two.
enum class PassOrder {
  horizontal_first,  ///< Pillow before 12.3, which all published features of the studies were made with
  pillow13,          ///< Pillow 13: vertical first when the height loses more than twice the pixels the width loses
};

struct ResizeOptions {
  std::optional<Box> source;  ///< only these pixels are read, as if cropped out before; default: all
  /// Only this part of the width × height result is computed and returned, as if cropped out after; default: all.
  std::optional<Box> window;
  PassOrder passes = PassOrder::horizontal_first;  ///< not for nearest, which has no passes
};

/// Resizes to width × height with the bytes of Pillow's Image.resize on RGB: two passes, 22-bit fixed-point weights,
/// rounded to 8 bits after each; nearest walks by an accumulated double as Pillow does.
///
/// Cost: 3 (w·H·Kx + w·h·Ky) multiply-adds for K = 2·support·max(1, in/out) taps on each axis, in AVX2 where
/// compiled for it; one intermediate of w × H pixels. Throws InvalidArgument for empty or outlying boxes
/// and for tf1_bilinear.
Image resize(const Image& image, int width, int height, Filter filter, const ResizeOptions& options = {});

/// Resizes as TensorFlow 1's ResizeBilinear does (align_corners and half_pixel_centers false), to the bit: output i of
/// an axis reads at i · (in / out) in float32, from the two pixels around it; neither antialiased nor rounded.
/// Writes height × width × 3 levels, 0..255, channels last, to out.
void resize_tf1_bilinear(const Image& image, int width, int height, float* out);

}  // namespace coterie::inline images
