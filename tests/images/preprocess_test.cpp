#include "coterie/images/preprocess.hpp"

#include <doctest/doctest.h>

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
  CHECK(input_of(image, keras_preprocess(KerasMode::tf))[1] == 100.0F / 127.5F - 1);
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
  const auto level = [&](int x, int y) { return padded.rgb[static_cast<std::size_t>(3 * (7 * y + x))]; };
  CHECK(level(0, 0) == 0);
  CHECK(level(1, 1) == 9);
  CHECK(level(4, 4) == 9);
  CHECK(level(5, 4) == 0);
}

TEST_CASE("extreme shapes become squares in every geometry") {
  for (const char* geometry : {"squash", "short_side", "centre_square", "letterbox"}) {
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

TEST_CASE("each field can be overridden, and mistakes are told") {
  Preprocess steps;
  for (const char* text : {"size=99", "filter=lanczos", "passes=pillow13", "order=bgr", "scale=255", "mean=1,2,3.5",
                           "deviation=4", "exif=ignore", "alpha=drop", "geometry=letterbox", "pad=7",
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
  for (const char* wrong :
       {"size=0", "size=2x", "mean=1,2", "mean=", "deviation=0", "fraction=1.5", "filter", "=", "pad=256"})
    CHECK_THROWS_AS(override_preprocess(steps, wrong), InvalidArgument);
}

}  // namespace coterie
