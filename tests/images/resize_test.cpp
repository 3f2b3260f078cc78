#include "coterie/images/resize.hpp"

#include <doctest/doctest.h>

#include "coterie/base/csv.hpp"
#include "coterie/base/digest.hpp"
#include "image_files.hpp"
#include "preprocess/resize_passes.hpp"

namespace coterie {

namespace {

constexpr Filter kFilters[] = {Filter::nearest, Filter::box, Filter::bilinear, Filter::bicubic, Filter::lanczos};

Image cut(const Image& image, const Box& box) {
  Image part{box.width, box.height, {}};
  for (int y = box.y; y < box.y + box.height; ++y) {
    const auto row = image.rgb.begin() + 3 * (y * image.width + box.x);
    part.rgb.insert(part.rgb.end(), row, row + 3 * box.width);
  }
  return part;
}

}  // namespace

TEST_CASE("every filter has Pillow's bytes over many pairs of sizes, in either order of passes") {
  const CsvTable reference = read_csv(kImageData + "resize.csv");
  REQUIRE(reference.rows.size() > 100);
  for (const auto& row : reference.rows) {
    const auto number = [&](std::size_t i) { return std::stoi(row[i]); };
    CAPTURE(csv_line(row));
    ResizeOptions options;
    options.passes = row[5] == "pillow13" ? PassOrder::pillow13 : PassOrder::horizontal_first;
    const Image out = resize(noise(number(0), number(1)), number(2), number(3), parse_filter(row[4]), options);
    CHECK(sha256({reinterpret_cast<const char*>(out.rgb.data()), out.rgb.size()}).substr(0, 16) == row[6]);
  }
}

TEST_CASE("resizing a part equals cutting it out first, and a window equals cutting it out afterwards") {
  const Image image = noise(120, 90);
  const Box source{17, 5, 60, 70}, window{3, 9, 20, 11};
  for (const Filter filter : kFilters) {
    for (const auto& [width, height] : {std::pair{31, 25}, std::pair{60, 33}, std::pair{40, 70}, std::pair{60, 70}}) {
      for (const PassOrder passes : {PassOrder::horizontal_first, PassOrder::pillow13}) {
        const Image whole = resize(cut(image, source), width, height, filter, {{}, {}, passes});
        CHECK(resize(image, width, height, filter, {source, {}, passes}).rgb == whole.rgb);
        CHECK(resize(image, width, height, filter, {source, window, passes}).rgb == cut(whole, window).rgb);
      }
    }
  }
}

TEST_CASE("the vector kernels equal plain C++, down to the smallest pictures and to weights beyond one") {
  for (const int width : {1, 2, 3, 5, 11, 40}) {
    for (const int height : {1, 3, 4, 9}) {
      const Image image = noise(width, height);
      const Rows rows{image.rgb.data(), static_cast<std::size_t>(3 * width), width, height};
      for (const bool vertical : {false, true}) {
        AxisWeights weights;
        weights.taps = std::min(vertical ? height : width, 5);
        for (weights.outputs = 0; weights.outputs < 7; ++weights.outputs) {
          weights.start.push_back(weights.outputs % ((vertical ? height : width) - weights.taps + 1));
          for (int k = 0; k < weights.taps; ++k)
            weights.weight.push_back((k * 5 + weights.outputs * 3) % 7 * 1234567 - 3000000);
        }
        const std::int64_t values = std::int64_t{3} * (vertical ? width : height) * weights.outputs;
        const auto size = static_cast<std::size_t>(values);
        std::vector<std::uint8_t> fast(size), plain(size);
        (vertical ? resample_columns : resample_rows)(rows, weights, fast.data());
        (vertical ? resample_columns_portable : resample_rows_portable)(rows, weights, plain.data());
        CHECK(fast == plain);
      }
    }
  }
}

TEST_CASE("a picture of one colour keeps it, and the same size keeps the bytes") {
  Image grey{50, 40, std::vector<std::uint8_t>(6000, 77)};
  for (const Filter filter : kFilters) {
    for (const std::uint8_t sample : resize(grey, 23, 91, filter).rgb) REQUIRE(sample == 77);
    CHECK(resize(noise(9, 8), 9, 8, filter).rgb == noise(9, 8).rgb);
  }
}

TEST_CASE("TensorFlow's resize has its bits over many pairs of sizes") {
  const CsvTable reference = read_csv(kImageData + "tensorflow_resized.csv");
  REQUIRE(reference.rows.size() == 15);
  for (const auto& row : reference.rows) {
    CAPTURE(csv_line(row));
    const int width = std::stoi(row[2]), height = std::stoi(row[3]);
    std::vector<float> out(static_cast<std::size_t>(3 * width * height));
    resize_tf1_bilinear(noise(std::stoi(row[0]), std::stoi(row[1])), width, height, out.data());
    CHECK(sha256({reinterpret_cast<const char*>(out.data()), sizeof(float) * out.size()}).substr(0, 16) == row[4]);
  }
}

TEST_CASE("TensorFlow's resize is neither centred, smoothed nor rounded") {
  const Image image{4, 1, {0, 0, 0, 10, 20, 30, 100, 0, 50, 255, 255, 255}};
  std::vector<float> out(9);
  resize_tf1_bilinear(image, 3, 1, out.data());  // at 0, 4/3 and 8/3
  const float step = 4.0F / 3.0F;
  CHECK(out[0] == 0);
  CHECK(out[3] == 10 + 90 * (step - 1));
  CHECK(out[6] == 100 + 155 * (2 * step - 2));
  CHECK(out[7] == 255 * (2 * step - 2));
  resize_tf1_bilinear(image, 2, 1, out.data());
  CHECK(out[3] == 100);
  CHECK_THROWS_AS(resize_tf1_bilinear(image, 0, 1, out.data()), InvalidArgument);
  CHECK_THROWS_AS(resize(image, 3, 1, Filter::tf1_bilinear), InvalidArgument);
}

TEST_CASE("boxes outside and unknown filters are refused") {
  const Image image = noise(10, 10);
  CHECK_THROWS_AS(resize(image, 0, 5, Filter::box), InvalidArgument);
  CHECK_THROWS_AS(resize(image, 5, 5, Filter::box, {Box{5, 5, 6, 5}}), InvalidArgument);
  CHECK_THROWS_AS(resize(image, 5, 5, Filter::box, {{}, Box{-1, 0, 2, 2}}), InvalidArgument);
  CHECK_THROWS_AS(resize(image, 5, 5, Filter::box, {Box{0, 0, 0x7FFFFFFF, 1}}), InvalidArgument);
  CHECK_THROWS_WITH_AS(parse_filter("cubic"), doctest::Contains("bicubic"), InvalidArgument);
  for (const Filter filter : kFilters) CHECK(parse_filter(filter_name(filter)) == filter);
  CHECK(parse_filter(filter_name(Filter::tf1_bilinear)) == Filter::tf1_bilinear);
}

}  // namespace coterie
