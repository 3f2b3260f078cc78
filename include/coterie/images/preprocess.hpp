#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coterie/images/decode.hpp"
#include "coterie/images/resize.hpp"

namespace coterie::inline images {

/// How a picture of any size becomes the network's square.
enum class Geometry {
  none,           ///< must have the size already
  squash,         ///< resize to size × size, whatever the shape
  short_side,     ///< short side to `resize` (long side truncated), then the centre size × size (torchvision)
  centre_square,  ///< crop the centre square of int(short side × fraction), then resize it
  letterbox,      ///< long side to `size`, centred on a ground of `pad`
  centre_crop,    ///< not resized: the centre size × size, zeros where the image is smaller (torchvision)
};

enum class ChannelOrder { rgb, bgr };

/// From a file to a network's input, as data. Every number is the origin's. Three steps: decode, geometry (which
/// gives levels of 0..255) and arithmetic.
struct Preprocess {
  Geometry geometry = Geometry::squash;
  int size = 224;                    ///< side of the input
  int resize = 256;                  ///< short_side: the short side before the crop
  double fraction = 0.875;           ///< centre_square: side of the square / short side, in (0, 1]
  int pad = 255;                     ///< letterbox: grey of the ground. short_side pads with 0 as torchvision does
  Filter filter = Filter::bilinear;  ///< tf1_bilinear only with squash
  PassOrder passes = PassOrder::horizontal_first;
  ChannelOrder order = ChannelOrder::rgb;
  /// Input = (level / scale - mean) / deviation in float32, operation by operation; mean and deviation in `order`.
  float scale = 1;
  std::array<float, 3> mean = {0, 0, 0};
  std::array<float, 3> deviation = {1, 1, 1};
  /// How the origin decodes: composed over white, or Keras' drop of the alpha without rotation.
  ExifRotation exif = ExifRotation::apply;
  AlphaGround alpha = AlphaGround::white;
  JpegTransform dct = JpegTransform::accurate;
  LevelRange levels = LevelRange::full;
  /// Decode a JPEG at 1/2, 1/4 or 1/8 where both its sides then still are at least those that the resize makes. Faster
  /// for large pictures, and other pixels.
  bool fast_decode = false;

  bool operator==(const Preprocess&) const = default;
};

/// EfficientNet-Lite0 to 4 with inputs of 224, 240, 260, 280, 300: centre square of size / (size + 32), bicubic,
/// (x − 127) / 128.
Preprocess lite_preprocess(int size);
Preprocess lite0_preprocess();  ///< lite_preprocess(224)

/// torchvision's evaluation transform (transforms/_presets.py): bilinear, x/255, ImageNet mean and deviation.
Preprocess torchvision_preprocess(int resize = 256, int crop = 224);

enum class KerasMode {
  caffe,         ///< BGR less ImageNet's mean
  tf,            ///< x / 127.5 − 1
  torch,         ///< torchvision's arithmetic
  vggface,       ///< BGR less the mean of VGGFace's faces (rcmalli/keras-vggface, version 1)
  places_utils,  ///< of Keras-VGG16-places365: the mean was meant for BGR and is taken off before the turn to BGR
};

/// Keras' load_img(target_size) and imagenet_utils.preprocess_input. load_img's filter is nearest from Keras 2.1.0 on.
Preprocess keras_preprocess(KerasMode mode, int size = 224, Filter filter = Filter::nearest);

/// The Inception graph of December 2015: DecodeJpeg, ResizeBilinear to 299 × 299, (x − 128) / 128.
Preprocess inception2015_preprocess();

/// Sets one field from "key=value": geometry, size, resize, fraction, pad, filter, passes, order, scale, mean,
/// deviation, exif, alpha, dct, levels, fast_decode; mean and deviation take one number or three with commas. Throws
/// InvalidArgument: an unknown key or value names the nearest, a number names its bounds.
void override_preprocess(Preprocess& preprocess, std::string_view assignment);

/// Throws InvalidArgument for fields that do not go together, and says which. For after the last override.
void check_preprocess(const Preprocess& preprocess);

/// Every setting by its name with its value: override_preprocess("NAME=VALUE") of each gives the same preprocessing
/// again, whatever it began with.
std::vector<std::pair<std::string, std::string>> settings_of(const Preprocess& steps);

/// One line for each step, for people.
std::vector<std::string> describe(const Preprocess& preprocess);

/// What decode_image is to do for this preprocessing.
DecodeOptions decode_options(const Preprocess& preprocess, const DecodeLimits& limits = {});

/// The RGB levels (0..255) of some images of side `size`, channels last, before channel order and normalisation: 8 bits
/// each, or float32 where the origin does not round after resampling. One of the two vectors is in use.
struct Levels {
  std::int64_t size = 0, count = 0;
  std::vector<std::uint8_t> bytes;
  std::vector<float> floats;

  std::int64_t image_values() const { return 3 * size * size; }  ///< of one image
};

/// Whether the levels are float32.
bool has_float_levels(const Preprocess& preprocess);

/// Whether two preprocessings give every file the same levels: they differ in order, scale, mean and deviation only.
bool equal_levels(const Preprocess& a, const Preprocess& b);

/// Makes room for `count` images, all zero; keeps memory that is large enough.
void resize_levels(Levels& levels, const Preprocess& preprocess, std::int64_t count);

/// The geometry of one decoded image, into place `index` of levels that resize_levels made for this preprocessing.
/// Throws InvalidArgument like check_preprocess, and for an image of another size with Geometry::none.
void make_levels(const Image& image, const Preprocess& preprocess, Levels& levels, std::int64_t index);

/// The arithmetic of images [first, first + count): count × size × size × 3 float32 values, channels last (NHWC) in the
/// preprocessing's order, to out.
void normalise(const Levels& levels, const Preprocess& preprocess, std::int64_t first, std::int64_t count, float* out);

/// Width and height of an image, in pixels.
struct PixelSize {
  std::int32_t width = 0, height = 0;
  bool operator==(const PixelSize&) const = default;
};

/// Where the pixels of the network's square lie in the image that it was made of: pixel (i, j) of the square, whole
/// numbers being pixels' centres, is at (x + i · across, y + j · down) of the image. Outside of it where there is pad.
struct SquarePlace {
  double x = 0, y = 0, across = 1, down = 1;
};

/// Of an image of that size. Throws as make_levels does.
SquarePlace place_of_square(const Preprocess& preprocess, PixelSize image);

/// Geometry alone, as a picture of size × size. Throws InvalidArgument where levels are float32.
Image preprocess_geometry(const Image& image, const Preprocess& preprocess);

/// Geometry and arithmetic of one image: size × size × 3 float32 values, channels last (NHWC), to out.
void preprocess(const Image& image, const Preprocess& preprocess, float* out);

}  // namespace coterie::inline images
