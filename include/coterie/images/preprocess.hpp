#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/images/decode.hpp"
#include "coterie/images/resize.hpp"

namespace coterie {

/// How a picture of any size becomes the network's square.
enum class Geometry {
  none,           ///< must have the size already
  squash,         ///< resize to size × size, whatever the shape
  short_side,     ///< short side to `resize` (long side truncated), then the centre size × size (torchvision)
  centre_square,  ///< crop the centre square of int(short side × fraction), then resize it
  letterbox,      ///< long side to `size`, centred on a ground of `pad`
};

enum class ChannelOrder { rgb, bgr };

/// From a decoded image to a network's input, as data. Every number is the origin's.
struct Preprocess {
  Geometry geometry = Geometry::squash;
  int size = 224;           ///< side of the input
  int resize = 256;         ///< short_side: the short side before the crop
  double fraction = 0.875;  ///< centre_square: side of the square / short side, in (0, 1]
  int pad = 255;            ///< letterbox: grey of the ground. short_side pads with 0 as torchvision does
  Filter filter = Filter::bilinear;
  PassOrder passes = PassOrder::horizontal_first;
  ChannelOrder order = ChannelOrder::rgb;
  /// Input = (u8 / scale - mean) / deviation in float32, operation by operation; mean and deviation in `order`.
  float scale = 1;
  std::array<float, 3> mean = {0, 0, 0};
  std::array<float, 3> deviation = {1, 1, 1};
  /// How the origin decodes: composed over white, or Keras' drop of the alpha without rotation.
  ExifRotation exif = ExifRotation::apply;
  AlphaGround alpha = AlphaGround::white;
};

/// EfficientNet-Lite: centre square of 224/256, bicubic to 224, (x − 127) / 128.
Preprocess lite0_preprocess();

/// torchvision's evaluation transform (transforms/_presets.py): bilinear, x/255, ImageNet mean and deviation.
Preprocess torchvision_preprocess(int resize = 256, int crop = 224);

enum class KerasMode { caffe, tf, torch };

/// Keras' load_img(target_size) and imagenet_utils.preprocess_input. load_img's filter is nearest from Keras 2.1.0 on.
Preprocess keras_preprocess(KerasMode mode, int size = 224, Filter filter = Filter::nearest);

/// Sets one field from "key=value": geometry, size, resize, fraction, pad, filter, passes, order, scale, mean,
/// deviation, exif, alpha; mean and deviation take one number or three with commas. Throws InvalidArgument: an unknown
/// key or value names the nearest, a number names its bounds.
void override_preprocess(Preprocess& preprocess, std::string_view assignment);

/// One line for each step, for logs, manifests and recipes: equal lines mean equal inputs.
std::vector<std::string> describe(const Preprocess& preprocess);

/// DecodeOptions with this preprocessing's exif and alpha.
DecodeOptions decode_options(const Preprocess& preprocess, const DecodeLimits& limits = {});

/// The u8 picture of size × size, RGB, before order and normalisation.
Image preprocess_geometry(const Image& image, const Preprocess& preprocess);

/// size × size × 3 float32 values, channels last (NHWC), to out.
void preprocess(const Image& image, const Preprocess& preprocess, float* out);

}  // namespace coterie
