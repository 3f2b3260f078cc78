// Runs many small jobs in one process, for tests/oracle/images_oracle.py:
//
//   images_probe PICTURE < jobs > results
//
// A job is a line of words separated by tabs:
//   resize  WIDTH HEIGHT OUT_WIDTH OUT_HEIGHT FILTER PASSES    of PICTURE's upper left WIDTH x HEIGHT
//   decode  PRESET FILE KEY=VALUE ...                          the picture
//   levels  PRESET FILE KEY=VALUE ...                          decoded and resized
//   input   PRESET FILE KEY=VALUE ...                          as the network gets it
// Its result is the line "HEIGHT WIDTH uint8|float32" and the HEIGHT x WIDTH x 3 values behind it, as they lie in
// memory; of a file that is not decoded the line "refused: REASON".
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "coterie/images/preprocess.hpp"

namespace coterie {

namespace {

template <typename T>
void write(std::int64_t height, std::int64_t width, const char* type, const std::vector<T>& values) {
  fmt::print("{} {} {}\n", height, width, type);
  std::fwrite(values.data(), sizeof(T), values.size(), stdout);
}

void write(std::int64_t height, std::int64_t width, const std::vector<std::uint8_t>& values) {
  write(height, width, "uint8", values);
}

void write(std::int64_t height, std::int64_t width, const std::vector<float>& values) {
  write(height, width, "float32", values);
}

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> words(1);
  for (const char c : line) c == '\t' ? static_cast<void>(words.emplace_back()) : words.back().push_back(c);
  return words;
}

void run_resize(const Image& picture, const std::vector<std::string>& words) {
  const Box part{0, 0, std::stoi(words.at(1)), std::stoi(words.at(2))};
  const int width = std::stoi(words.at(3)), height = std::stoi(words.at(4));
  const Filter filter = parse_filter(words.at(5));
  if (filter == Filter::tf1_bilinear) {
    std::vector<float> out(static_cast<std::size_t>(3 * width * height));
    resize_tf1_bilinear(resize(picture, part.width, part.height, Filter::box, {part, {}, {}}), width, height,
                        out.data());
    return write(height, width, out);
  }
  const PassOrder passes = words.at(6) == "pillow13" ? PassOrder::pillow13 : PassOrder::horizontal_first;
  write(height, width, resize(picture, width, height, filter, {part, {}, passes}).rgb);
}

Preprocess find_preset(const std::string& name) {
  const std::map<std::string, Preprocess> presets = {
      {"lite0", lite0_preprocess()},
      {"torchvision", torchvision_preprocess()},
      {"caffe", keras_preprocess(KerasMode::caffe)},
      {"tf", keras_preprocess(KerasMode::tf)},
      {"torch", keras_preprocess(KerasMode::torch)},
      {"inception2015", inception2015_preprocess()},
  };
  return presets.at(name);
}

void run_file(const std::vector<std::string>& words) {
  Preprocess steps = find_preset(words.at(1));
  for (std::size_t i = 3; i < words.size(); ++i) override_preprocess(steps, words[i]);
  const Image image = decode_image(words.at(2), decode_options(steps));
  if (words[0] == "decode") return write(image.height, image.width, image.rgb);
  Levels levels;
  resize_levels(levels, steps, 1);
  make_levels(image, steps, levels, 0);
  if (words[0] == "levels" && has_float_levels(steps)) return write(steps.size, steps.size, levels.floats);
  if (words[0] == "levels") return write(steps.size, steps.size, levels.bytes);
  std::vector<float> input(static_cast<std::size_t>(levels.image_values()));
  normalise(levels, steps, 0, 1, input.data());
  write(steps.size, steps.size, input);
}

}  // namespace

}  // namespace coterie

int main(int argc, char** argv) {
  try {
    coterie::require(argc == 2, "usage: images_probe PICTURE < jobs > results");
    const coterie::Image picture = coterie::decode_image(argv[1]);
    for (std::string line; std::getline(std::cin, line);) {
      const auto words = coterie::split(line);
      try {
        words[0] == "resize" ? coterie::run_resize(picture, words) : coterie::run_file(words);
      } catch (const coterie::DecodeError& error) {
        fmt::print("refused: {}\n", error.reason());
      }
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "images_probe: {}\n", error.what());
    return 2;
  }
  return 0;
}
