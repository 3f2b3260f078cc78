#include "coterie/images/decode.hpp"

#include <doctest/doctest.h>

#include <opencv2/imgcodecs.hpp>
#include <set>

#include "coterie/base/csv.hpp"
#include "coterie/base/digest.hpp"
#include "coterie/base/random.hpp"
#include "image_files.hpp"
#include "temporary_folder.hpp"

namespace coterie {

namespace {

std::string digest(const Image& image) {
  return sha256({reinterpret_cast<const char*>(image.rgb.data()), image.rgb.size()}).substr(0, 16);
}

DecodeOptions options_of(const std::vector<std::string>& row) {
  DecodeOptions options;
  options.alpha = row[1] == "white" ? AlphaGround::white : row[1] == "black" ? AlphaGround::black : AlphaGround::drop;
  options.exif = row[2] == "apply" ? ExifRotation::apply : ExifRotation::ignore;
  return options;
}

std::set<std::string> decodable_files() {
  std::set<std::string> files;
  for (const auto& row : read_csv(kImageData + "decoded.csv").rows) files.insert(row[0]);
  return files;
}

}  // namespace

TEST_CASE("every format, depth, palette, alpha, animation and orientation has Pillow's pixels") {
  const CsvTable reference = read_csv(kImageData + "decoded.csv");
  REQUIRE(reference.rows.size() > 90);
  for (const auto& row : reference.rows) {
    CAPTURE(row[0]);
    CAPTURE(row[1]);
    const Image image = decode_image(kImageData + row[0], options_of(row));
    CHECK(std::to_string(image.width) == row[3]);
    CHECK(std::to_string(image.height) == row[4]);
    CHECK(digest(image) == row[5]);
  }
}

TEST_CASE("JPEG has TensorFlow's pixels with either transform") {
  const CsvTable reference = read_csv(kImageData + "tensorflow_decoded.csv");
  REQUIRE(reference.rows.size() == 26);
  std::set<std::string> digests;
  for (const auto& row : reference.rows) {
    CAPTURE(csv_line(row));
    DecodeOptions options;
    options.exif = ExifRotation::ignore;
    options.dct = row[1] == "fast" ? JpegTransform::fast : JpegTransform::accurate;
    CHECK(digest(decode_image(kImageData + row[0], options)) == row[2]);
    digests.insert(row[2]);
  }
  CHECK(digests.size() > 8);  // the transforms do differ, and the turned pictures are one
}

TEST_CASE("a JPEG is decoded smaller only as far as its sides stay at least those wanted") {
  const TemporaryFolder folder;
  const auto sides = [&](int width, int height, int least_short, int least_long) {
    REQUIRE(cv::imwrite(folder / "x.jpg", cv::Mat(height, width, CV_8UC3, cv::Scalar(30, 60, 90))));
    DecodeOptions options;
    options.least_short = least_short;
    options.least_long = least_long;
    const Image image = decode_image(folder / "x.jpg", options);
    CHECK(image.rgb.size() == static_cast<std::size_t>(3 * image.width * image.height));
    CHECK(std::abs(image.rgb[0] - 90) <= 2);
    return std::pair(image.width, image.height);
  };
  CHECK(sides(640, 448, 0, 0) == std::pair(640, 448));
  CHECK(sides(640, 448, 225, 0) == std::pair(640, 448));
  CHECK(sides(640, 448, 224, 0) == std::pair(320, 224));
  CHECK(sides(448, 640, 224, 0) == std::pair(224, 320));
  CHECK(sides(640, 447, 224, 0) == std::pair(640, 447));
  CHECK(sides(640, 448, 112, 0) == std::pair(160, 112));
  CHECK(sides(641, 450, 56, 0) == std::pair(81, 57));  // at 1/8, rounded up
  CHECK(sides(6400, 8, 0, 224) == std::pair(800, 1));
  CHECK(sides(640, 448, 0, 320) == std::pair(320, 224));
  CHECK(sides(640, 448, 56, 320) == std::pair(320, 224));
}

TEST_CASE("decoding smaller keeps the picture, its orientation, its limits and its damages") {
  DecodeOptions options;
  const Image full = decode_image(kImageData + "chroma_444.jpg", options);
  options.least_short = 7;  // half of 15, a quarter of 33
  const Image small = decode_image(kImageData + "chroma_444.jpg", options);
  CHECK(small.width == 12);
  CHECK(small.height == 9);
  double difference = 0;
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 11; ++x)
      for (int c = 0; c < 3; ++c) {
        const auto level = [c](const Image& image, std::int64_t row, std::int64_t column) {
          return image.rgb[static_cast<std::size_t>(3 * (row * image.width + column) + c)];
        };
        int sum = 0;
        for (int i = 0; i < 16; ++i) sum += level(full, 4 * y + i / 4, 4 * x + i % 4);
        difference += std::abs(sum / 16.0 - level(small, y, x));
      }
  CHECK(difference / (8 * 11 * 3) < 2);

  const Image turned = decode_image(kImageData + "turned_6.jpg", options);  // stored as 23 x 15, lying on its side
  options.exif = ExifRotation::ignore;
  const Image stored = decode_image(kImageData + "turned_6.jpg", options);
  REQUIRE(std::pair(stored.width, stored.height) == std::pair(12, 8));
  REQUIRE(std::pair(turned.width, turned.height) == std::pair(8, 12));
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 8; ++x)
      REQUIRE(turned.rgb[static_cast<std::size_t>(3 * (8 * y + x))] ==
              stored.rgb[static_cast<std::size_t>(3 * (12 * (7 - x) + y))]);

  CHECK(decode_image(kImageData + "rgb.png", options).width == 47);  // in full: no JPEG
  const TemporaryFolder folder;
  const std::string bytes = read_bytes(kImageData + "chroma_444.jpg");
  const std::string gap = bytes.substr(0, bytes.size() * 3 / 4) + "\xFF\xD9";
  CHECK_THROWS_AS(decode_image(write_bytes(folder / "gap.jpg", gap), options), DecodeError);
  options.limits.max_pixels = 47 * 33 - 1;  // as stored
  CHECK_THROWS_WITH_AS(decode_image(kImageData + "chroma_420.jpg", options), doctest::Contains("47 x 33"), DecodeError);
}

TEST_CASE("a picture cut off anywhere is an error, never filled up") {
  const TemporaryFolder folder;
  for (const std::string& file : decodable_files()) {
    if (file == "two_pages.tiff") continue;  // its first page may be whole
    CAPTURE(file);
    const std::string bytes = read_bytes(kImageData + file);
    for (std::size_t part = 0; part < 16; ++part) {
      const std::string cut = write_bytes(folder / "cut", bytes.substr(0, bytes.size() * part / 16));
      CHECK_THROWS_AS(decode_image(cut), DecodeError);
    }
  }
}

TEST_CASE("a picture with wrong bytes is a picture or an error, nothing worse") {
  const TemporaryFolder folder;
  const Random random(1, Purpose::test_data);
  std::uint64_t draw = 0;
  std::int64_t refused = 0;
  for (const std::string& file : decodable_files()) {
    const std::string bytes = read_bytes(kImageData + file);
    for (int trial = 0; trial < 20; ++trial) {
      std::string wrong = bytes;
      for (int i = 0; i < 3; ++i) {
        const auto place = random.below(draw++, static_cast<std::int64_t>(wrong.size()));
        wrong[static_cast<std::size_t>(place)] = static_cast<char>(random.bits(draw++));
      }
      try {
        DecodeOptions options;
        options.limits.max_pixels = 1'000'000;
        decode_image(write_bytes(folder / "wrong", wrong), options);
      } catch (const DecodeError& error) {
        CHECK_FALSE(error.reason().empty());
        ++refused;
      }
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("JPEG data that end or break in the middle are damaged although the end marker is there") {
  const TemporaryFolder folder;
  const std::string bytes = read_bytes(kImageData + "chroma_444.jpg");
  const std::string gap = bytes.substr(0, bytes.size() * 3 / 4) + "\xFF\xD9";
  try {
    decode_image(write_bytes(folder / "gap.jpg", gap));
    FAIL("the gap was not seen");
  } catch (const DecodeError& error) {
    CHECK(error.status() == ImageStatus::damaged);
    CHECK(std::string(error.what()).starts_with(folder / "gap.jpg"));
  }
}

TEST_CASE("one pixel, a wide panorama and a file of another program are read") {
  const TemporaryFolder folder;
  const Image dot = decode_image(write_bytes(folder / "dot.ppm", ppm_bytes(noise(1, 1))));
  CHECK(dot.rgb == noise(1, 1).rgb);
  cv::Mat panorama(8, 30000, CV_8UC3, cv::Scalar(1, 2, 3));
  for (const char* name : {"wide.png", "wide.jpg", "wide.tiff", "wide.bmp"}) {
    REQUIRE(cv::imwrite(folder / name, panorama));
    const Image image = decode_image(folder / name);
    CHECK(image.width == 30000);
    CHECK(image.rgb.size() == std::size_t{3} * 30000 * 8);
  }
  CHECK(decode_image(folder / "wide.tiff").rgb[0] == 3);
}

TEST_CASE("16 bits keep their high byte") {
  const TemporaryFolder folder;
  cv::Mat deep(2, 2, CV_16UC3, cv::Scalar(0x12FF, 0x3400, 0xFFFF));
  for (const char* name : {"deep.png", "deep.ppm"}) {
    REQUIRE(cv::imwrite(folder / name, deep));
    const Image image = decode_image(folder / name);
    CHECK(image.rgb[0] == 0xFF);
    CHECK(image.rgb[1] == 0x34);
    CHECK(image.rgb[2] == 0x12);
  }
}

TEST_CASE("what is not decoded says so") {
  CHECK_FALSE(can_decode("HEIC"));
  CHECK(can_decode("GIF"));
  CHECK(can_decode("WebP"));
  DecodeOptions options;
  options.limits.max_pixels = 100;
  CHECK_THROWS_WITH_AS(decode_image(kImageData + "rgb.png", options), doctest::Contains("47 x 33"), DecodeError);
  CHECK_THROWS_WITH_AS(decode_image("/nowhere/x.png"), doctest::Contains("no such file"), DecodeError);
}

}  // namespace coterie
