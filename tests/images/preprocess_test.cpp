#include "coterie/images/preprocess.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "coterie/base/csv.hpp"
#include "coterie/base/digest.hpp"
#include "image_files.hpp"

namespace coterie {

namespace {

std::vector<float> input_of(const Image& image, const Preprocess& steps) {
  std::vector<float> out(static_cast<std::size_t>(3 * steps.size * steps.size));
  preprocess(image, steps, out.data());
  return out;
}

Image one_colour(int size, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Image image{size, size, {}};
  for (int i = 0; i < size * size; ++i) image.rgb.insert(image.rgb.end(), {red, green, blue});
  return image;
}

Preprocess small_steps(int size) {
  Preprocess steps;
  steps.size = size;
  return steps;
}

}  // namespace

TEST_CASE("EfficientNet-Lite0's inputs equal its reference to the bit, in all three geometries") {
  const std::string folder = COTERIE_SOURCE_DIR "/tests/data/efficientnet_lite0/";
  const CsvTable reference = read_csv(folder + "preprocessed.csv");
  REQUIRE(reference.rows.size() == 24);
  for (const auto& row : reference.rows) {
    CAPTURE(row[0]);
    CAPTURE(row[1]);
    Preprocess steps = lite0_preprocess();
    if (row[1] == "squash") override_preprocess(steps, "geometry=squash");
    if (row[1] == "letter") override_preprocess(steps, "geometry=letterbox");
    const Image image = preprocess_geometry(decode_image(folder + "images/" + row[0], decode_options(steps)), steps);
    CHECK(sha256({reinterpret_cast<const char*>(image.rgb.data()), image.rgb.size()}).substr(0, 16) == row[2]);
  }
}

TEST_CASE("each origin normalises in float32, in its own order") {
  const Image image = one_colour(224, 200, 100, 50);
  CHECK(input_of(image, lite0_preprocess())[0] == (200.0F - 127) / 128);
  const auto torch = input_of(image, torchvision_preprocess(224));
  CHECK(torch[0] == (200.0F / 255 - 0.485F) / 0.229F);
  CHECK(torch[2] == (50.0F / 255 - 0.406F) / 0.225F);
  const auto caffe = input_of(image, keras_preprocess(KerasMode::caffe));
  CHECK(caffe[0] == 50.0F - 103.939F);
  CHECK(caffe[2] == 200.0F - 123.68F);
  CHECK(input_of(image, keras_preprocess(KerasMode::tf, 299))[1] == 100.0F / 127.5F - 1);
  CHECK(input_of(image, keras_preprocess(KerasMode::torch)) == input_of(image, torchvision_preprocess(224)));
  const auto faces = input_of(image, keras_preprocess(KerasMode::vggface));
  CHECK(faces[0] == 50.0F - 93.5940F);
  CHECK(faces[1] == 100.0F - 104.7624F);
  CHECK(faces[2] == 200.0F - 129.1863F);
  // Red loses the first of the three numbers although the result stands in BGR.
  const auto places = input_of(image, keras_preprocess(KerasMode::places_utils));
  CHECK(places[0] == 50.0F - 122.679F);
  CHECK(places[1] == 100.0F - 116.669F);
  CHECK(places[2] == 200.0F - 104.006F);
  const auto inception = input_of(image, inception2015_preprocess());
  CHECK(inception.size() == 3 * 299 * 299);
  CHECK(inception[0] == (200.0F - 128) * 0.0078125F);
  CHECK(inception[2] == (50.0F - 128) * 0.0078125F);
}

TEST_CASE("the EfficientNet-Lite family differs in its sides: the square of size + 32 fills the input exactly") {
  for (const int size : {224, 240, 260, 280, 300}) {
    const Preprocess steps = lite_preprocess(size);
    const Image image = noise(size + 50, size + 32);
    const Image square = preprocess_geometry(image, steps);
    CHECK(square.width == size);
    // The shift of the grid: 25 columns are cut off left, and 16 rows above.
    const Box box{(size + 50 - size + 1) / 2, (size + 32 - size + 1) / 2, size, size};
    CHECK(square.rgb == resize(image, size, size, Filter::box, {box, {}, {}}).rgb);
  }
  CHECK(lite_preprocess(224) == lite0_preprocess());
  CHECK(lite0_preprocess().fraction == 0.875);
}

TEST_CASE("normalising any part of some levels gives the input's bits, in 8 bits and in float32") {
  for (Preprocess steps : {lite0_preprocess(), torchvision_preprocess(), keras_preprocess(KerasMode::caffe),
                           keras_preprocess(KerasMode::torch), inception2015_preprocess()}) {
    for (const int size : {1, 3, 7, 16}) {  // fewer pixels than are worked on together, and a rest
      steps.size = size;
      Levels levels;
      resize_levels(levels, steps, 3);
      CHECK(levels.floats.empty() == !has_float_levels(steps));
      CHECK(levels.bytes.empty() == has_float_levels(steps));
      const auto values = static_cast<std::size_t>(levels.image_values());
      const std::vector<Image> images = {noise(31, 20), noise(9, 40), noise(50, 50)};
      for (std::int64_t i = 0; i < 3; ++i) make_levels(images[static_cast<std::size_t>(i)], steps, levels, i);
      std::vector<float> out(2 * values + 1, -7.0F);
      normalise(levels, steps, 1, 2, out.data());
      CHECK(out.back() == -7.0F);
      for (std::size_t i = 0; i < 2 * values; ++i) {
        const std::size_t channel = i % 3, from = steps.order == ChannelOrder::rgb ? i : i - channel + (2 - channel);
        const float level = has_float_levels(steps) ? levels.floats[values + from] : levels.bytes[values + from];
        REQUIRE(out[i] == (level / steps.scale - steps.mean[channel]) / steps.deviation[channel]);
      }
      out.resize(values);
      CHECK(input_of(images[1], steps) == out);
    }
  }
}

TEST_CASE("resized levels are zero whatever they held, and tell which vector is in use") {
  Levels levels;
  Preprocess steps = small_steps(5);
  resize_levels(levels, steps, 2);
  make_levels(noise(9, 9), steps, levels, 1);
  steps.filter = Filter::tf1_bilinear;
  resize_levels(levels, steps, 1);
  CHECK(levels.bytes.empty());
  CHECK(levels.floats == std::vector<float>(75));
  steps.filter = Filter::nearest;
  resize_levels(levels, steps, 2);
  CHECK(levels.floats.empty());
  CHECK(levels.bytes == std::vector<std::uint8_t>(150));
}

TEST_CASE("two preprocessings share levels when only their arithmetic differs") {
  const Preprocess caffe = keras_preprocess(KerasMode::caffe);
  CHECK(equal_levels(caffe, keras_preprocess(KerasMode::tf)));
  CHECK(equal_levels(caffe, keras_preprocess(KerasMode::torch)));
  CHECK_FALSE(equal_levels(caffe, keras_preprocess(KerasMode::caffe, 299)));
  for (const char* change : {"filter=bilinear", "passes=pillow13", "alpha=white", "exif=apply", "dct=fast",
                             "fast_decode=yes", "geometry=letterbox"}) {
    CAPTURE(change);
    Preprocess other = caffe;
    override_preprocess(other, change);
    CHECK_FALSE(equal_levels(caffe, other));
  }
}

TEST_CASE("fast decoding asks for the sides that the resize makes, and for nothing unless wanted") {
  const auto sides = [](Preprocess steps, const char* fast) {
    override_preprocess(steps, fast);
    const DecodeOptions options = decode_options(steps);
    return std::pair(options.least_short, options.least_long);
  };
  Preprocess letterbox = small_steps(100), none = small_steps(100);
  letterbox.geometry = Geometry::letterbox;
  none.geometry = Geometry::none;
  CHECK(sides(small_steps(100), "fast_decode=no") == std::pair(0, 0));
  CHECK(sides(small_steps(100), "fast_decode=yes") == std::pair(100, 0));
  CHECK(sides(torchvision_preprocess(232, 224), "fast_decode=yes") == std::pair(232, 0));
  CHECK(sides(letterbox, "fast_decode=yes") == std::pair(0, 100));
  CHECK(sides(none, "fast_decode=yes") == std::pair(0, 0));
  for (const int size : {224, 240, 260, 280, 300})
    CHECK(sides(lite_preprocess(size), "fast_decode=yes") == std::pair(size + 32, 0));
}

TEST_CASE("channels stay last, pixel by pixel") {
  Preprocess steps;
  steps.size = 4;
  const Image image = noise(4, 4);
  const auto rgb = input_of(image, steps);
  for (std::size_t i = 0; i < rgb.size(); ++i) CHECK(rgb[i] == static_cast<float>(image.rgb[i]));
  override_preprocess(steps, "order=bgr");
  CHECK(input_of(image, steps)[5] == static_cast<float>(image.rgb[3]));
}

TEST_CASE("torchvision's crop rounds halves to even and pads small pictures with black") {
  Preprocess steps = torchvision_preprocess(4, 4);
  steps.filter = Filter::nearest;
  // 4 x 9: the offset is round(2.5) = 2. 4 x 7: round(1.5) = 2.
  for (const int height : {9, 7}) {
    const Image image = noise(4, height);
    const Image cropped = preprocess_geometry(image, steps);
    CHECK(std::equal(cropped.rgb.begin(), cropped.rgb.end(), image.rgb.begin() + std::ptrdiff_t{2} * 4 * 3));
  }
  steps.size = 7;
  const Image padded = preprocess_geometry(one_colour(4, 9, 9, 9), steps);
  CHECK(padded.width == 7);
  // (7 - 4) / 2 = 1 before, 2 after.
  const auto level = [&](std::size_t x, std::size_t y) { return padded.rgb[3 * (7 * y + x)]; };
  CHECK(level(0, 0) == 0);
  CHECK(level(1, 1) == 9);
  CHECK(level(4, 4) == 9);
  CHECK(level(5, 4) == 0);
}

TEST_CASE("the place of each pixel of the square in the image is where it was taken from, in every geometry") {
  for (const auto& [width, height] : {std::pair{200, 120}, {90, 210}}) {
    Image ramp{width, height, {}};  // red is the column, green the row
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) ramp.rgb.insert(ramp.rgb.end(), {std::uint8_t(x), std::uint8_t(y), 7});
    for (const char* geometry : {"squash", "short_side", "centre_square", "letterbox", "centre_crop"})
      for (const char* filter : {"bilinear", "tf1_bilinear"}) {
        CAPTURE(geometry);
        CAPTURE(filter);
        Preprocess steps;
        steps.size = 64;
        steps.resize = 80;
        override_preprocess(steps, std::string("geometry=") + geometry);
        override_preprocess(steps, std::string("filter=") + filter);
        if (steps.filter == Filter::tf1_bilinear && steps.geometry != Geometry::squash) continue;
        Levels levels;
        resize_levels(levels, steps, 1);
        make_levels(ramp, steps, levels, 0);
        const SquarePlace place = place_of_square(steps, {width, height});
        int seen = 0;
        for (int j = 0; j < 64; ++j)
          for (int i = 0; i < 64; ++i) {
            const double x = place.x + i * place.across, y = place.y + j * place.down;
            // At the image's borders a filter has no pixels on one side, and beyond them there is pad.
            if (x < 3 || y < 3 || x > width - 4 || y > height - 4) continue;
            ++seen;
            const auto at = std::size_t{3} * static_cast<std::size_t>(64 * j + i);
            const auto level = [&](std::size_t c) {
              return levels.bytes.empty() ? levels.floats[at + c] : static_cast<float>(levels.bytes[at + c]);
            };
            CHECK(std::abs(level(0) - x) < 1.01);
            CHECK(std::abs(level(1) - y) < 1.01);
          }
        CHECK(seen > 1000);
      }
  }
  Preprocess same;
  same.geometry = Geometry::none;
  const SquarePlace place = place_of_square(same, {224, 224});
  CHECK(place.x + place.y == 0);
  CHECK(place.across == 1);
}

TEST_CASE("a centre crop keeps the pixels, with zeros around an image that is smaller") {
  Preprocess steps;
  steps.geometry = Geometry::centre_crop;
  steps.size = 4;
  Image image{7, 2, {}};
  for (int i = 0; i < 14; ++i) image.rgb.insert(image.rgb.end(), 3, static_cast<std::uint8_t>(i + 1));
  const Image square = preprocess_geometry(image, steps);
  // torchvision's CenterCrop begins at round(1.5) = 2 of 7 columns, and puts one row of zeros above and one below.
  const std::vector<int> wanted = {0, 0, 0, 0, 3, 4, 5, 6, 10, 11, 12, 13, 0, 0, 0, 0};
  for (std::size_t i = 0; i < wanted.size(); ++i) CHECK(square.rgb[3 * i] == wanted[i]);
}

TEST_CASE("extreme shapes become squares in every geometry") {
  for (const char* geometry : {"squash", "short_side", "centre_square", "letterbox", "centre_crop"}) {
    Preprocess steps = lite0_preprocess();
    override_preprocess(steps, std::string("geometry=") + geometry);
    for (const Image& image : {noise(1, 1), noise(3000, 1), noise(2, 700)}) {
      const Image square = preprocess_geometry(image, steps);
      CHECK(square.width == 224);
      CHECK(square.height == 224);
    }
  }
  Preprocess none;
  none.geometry = Geometry::none;
  CHECK_THROWS_WITH_AS(preprocess_geometry(noise(5, 4), none), doctest::Contains("5 x 4"), InvalidArgument);
}

TEST_CASE("each field can be overridden, and mistakes are reported") {
  Preprocess steps;
  for (const char* text :
       {"size=99", "filter=lanczos", "passes=pillow13", "order=bgr", "scale=255", "mean=1,2,3.5", "deviation=4",
        "exif=ignore", "alpha=drop", "dct=fast", "fast_decode=yes", "geometry=letterbox", "pad=7",
        "geometry=centre_square", "fraction=0.5", "geometry=short_side", "resize=120"}) {
    CAPTURE(text);
    const auto before = describe(steps);
    override_preprocess(steps, text);
    CHECK(describe(steps) != before);
  }
  CHECK(steps.geometry == Geometry::short_side);
  CHECK(steps.resize == 120);
  CHECK(steps.filter == Filter::lanczos);
  CHECK(steps.mean == std::array<float, 3>{1, 2, 3.5F});
  CHECK(steps.deviation == std::array<float, 3>{4, 4, 4});
  CHECK_THROWS_WITH_AS(override_preprocess(steps, "filtr=box"), doctest::Contains("did you mean \"filter\""),
                       InvalidArgument);
  CHECK_THROWS_WITH_AS(override_preprocess(steps, "filter=bicubik"), doctest::Contains("bicubic"), InvalidArgument);
  for (const char* wrong : {"size=0", "size=2x", "mean=1,2", "mean=", "deviation=0", "fraction=1.5", "filter", "=",
                            "pad=256", "fast_decode=1", "dct=slow"})
    CHECK_THROWS_AS(override_preprocess(steps, wrong), InvalidArgument);
}

TEST_CASE("the settings of a preprocessing give it back, whatever one begins with") {
  for (const Preprocess& wanted :
       {lite0_preprocess(), torchvision_preprocess(), keras_preprocess(KerasMode::places_utils, 224, Filter::box),
        keras_preprocess(KerasMode::torch), inception2015_preprocess()}) {
    Preprocess steps = keras_preprocess(KerasMode::caffe, 99, Filter::lanczos);
    for (const auto& [name, value] : settings_of(wanted)) override_preprocess(steps, fmt::format("{}={}", name, value));
    CHECK(steps == wanted);
  }
}

TEST_CASE("the description names what is out of the ordinary, and nothing else changes it") {
  CHECK(describe(keras_preprocess(KerasMode::caffe)) ==
        std::vector<std::string>{
            "decode: EXIF rotation ignore, alpha drop", "geometry: squash to 224 x 224, nearest (horizontal_first)",
            "channels: bgr",
            "normalise: (x / 1 - mean) / deviation in float32, mean 103.939 116.779 123.68, deviation 1 1 1"});
  Preprocess inception = inception2015_preprocess();
  CHECK(describe(inception)[0] == "decode: EXIF rotation ignore, alpha drop, fast JPEG transform");
  CHECK(describe(inception)[1] == "geometry: squash to 299 x 299, tf1_bilinear (float32, not rounded)");
  CHECK(describe(inception).size() == 4);
  inception.fast_decode = true;
  CHECK(describe(inception).size() == 5);
}

TEST_CASE("TensorFlow's resize goes with squash only, in whatever order the overrides come") {
  Preprocess steps = torchvision_preprocess();
  override_preprocess(steps, "filter=tf1_bilinear");
  CHECK_THROWS_WITH_AS(check_preprocess(steps), doctest::Contains("geometry=squash"), InvalidArgument);
  std::vector<float> out(static_cast<std::size_t>(3 * steps.size * steps.size));
  CHECK_THROWS_AS(preprocess(noise(5, 5), steps, out.data()), InvalidArgument);
  override_preprocess(steps, "geometry=squash");
  CHECK_NOTHROW(check_preprocess(steps));
  preprocess(noise(5, 5), steps, out.data());
  CHECK_THROWS_WITH_AS(preprocess_geometry(noise(5, 5), steps), doctest::Contains("float32"), InvalidArgument);
}

}  // namespace coterie
