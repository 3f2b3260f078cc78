// Samples that are more, fewer or others than 8-bit colours, by what the file's tags and headers say. More variants,
// as other programs write them: tests/wild/pictures_test.py.
#include <doctest/doctest.h>

#include <opencv2/imgcodecs.hpp>

#include "coterie/images/decode.hpp"
#include "image_files.hpp"
#include "temporary_folder.hpp"
#include "tiff_files.hpp"

namespace coterie {
namespace {

using Rgb = std::vector<std::uint8_t>;

bool has(const Probe& probe, Remark remark) { return (probe.remarks & static_cast<std::int32_t>(remark)) != 0; }

/// A TIFF of one pixel of these samples, 8 bits each.
std::string pixel_tiff(const std::string& samples, std::vector<std::pair<int, std::uint32_t>> more) {
  more.insert(more.end(), {{256, 1},
                           {257, 1},
                           {258, 8},
                           {259, 1},
                           {273, 200},
                           {277, static_cast<std::uint32_t>(samples.size())},
                           {278, 1},
                           {279, static_cast<std::uint32_t>(samples.size())}});
  std::sort(more.begin(), more.end());
  return tiff(more, samples);
}

}  // namespace

TEST_CASE("a TIFF's samples behind the colours are transparency where their tag says so, and left out elsewhere") {
  const TemporaryFolder folder;
  const auto path = folder / "x.tif";
  constexpr int kPhotometric = 262, kExtraSamples = 338;
  constexpr std::uint32_t kGrey = 1, kRgb = 2;
  const std::string samples = "\x64\xC8\x32\x80";  // 100, 200, 50 and 128
  const auto decoded = [&](const std::string& file) { return decode_image(write_bytes(path, file)).rgb; };
  CHECK(decoded(pixel_tiff(samples, {{kPhotometric, kRgb}, {kExtraSamples, 0}})) == Rgb{100, 200, 50});
  CHECK(has(probe_image(path), Remark::extra_samples));
  CHECK(probe_image(path).note == "1 of 4 samples left out");
  CHECK(decoded(pixel_tiff(samples, {{kPhotometric, kRgb}, {kExtraSamples, 1}})) == Rgb{227, 255, 177});
  CHECK(decoded(pixel_tiff(samples, {{kPhotometric, kRgb}, {kExtraSamples, 2}})) == Rgb{177, 227, 152});
  CHECK(probe_image(path).remarks == 0);
  CHECK(decoded(pixel_tiff(samples, {{kPhotometric, kRgb}})) == Rgb{177, 227, 152});
  CHECK(has(probe_image(path), Remark::untagged_alpha));
  const std::string grey = "\x64\x80";
  CHECK(decoded(pixel_tiff(grey, {{kPhotometric, kGrey}, {kExtraSamples, 2}})) == Rgb{177, 177, 177});
  CHECK(decoded(pixel_tiff(grey, {{kPhotometric, kGrey}, {kExtraSamples, 0}})) == Rgb{100, 100, 100});
}

TEST_CASE("signed samples have zero in the middle, and floating-point ones are refused by name") {
  const TemporaryFolder folder;
  const auto path = folder / "x.tif";
  constexpr int kPhotometric = 262, kSampleFormat = 339;
  for (const auto& [stored, level] : std::vector<std::pair<std::string, std::uint8_t>>{
           {std::string(1, '\0'), 128}, {"\x80", 0}, {"\x7F", 255}, {"\xFF", 127}}) {
    const auto rgb = decode_image(write_bytes(path, pixel_tiff(stored, {{kPhotometric, 1}, {kSampleFormat, 2}}))).rgb;
    CHECK(rgb == Rgb{level, level, level});
  }
  CHECK(probe_image(path).note == "signed samples");
  write_bytes(path, pixel_tiff("x", {{kPhotometric, 1}, {kSampleFormat, 3}}));
  CHECK(probe_image(path).status == ImageStatus::unsupported);
  CHECK(probe_image(path).reason ==
        "a TIFF with 8-bit floating-point samples has no fixed black and white; scale it to 8 or 16 bits first");
}

TEST_CASE("levels range spreads the bits in use, which the probe counts; with all in use it changes nothing") {
  const TemporaryFolder folder;
  const DecodeOptions range{.levels = LevelRange::range};
  const auto write = [&](const char* name, int most) {
    cv::Mat picture(1, 3, CV_16UC1, cv::Scalar(0));
    picture.at<std::uint16_t>(1) = static_cast<std::uint16_t>(most / 2);
    picture.at<std::uint16_t>(2) = static_cast<std::uint16_t>(most);
    REQUIRE(cv::imwrite(folder / name, picture));
    return folder / name;
  };
  for (const char* name : {"x.png", "x.tiff", "x.pgm"}) {
    CAPTURE(name);
    const auto path = write(name, 4095);
    CHECK(decode_image(path).rgb[6] <= 16);
    CHECK(decode_image(path, range).rgb == Rgb{0, 0, 0, 127, 127, 127, 255, 255, 255});
    CHECK(probe_image(path).bits == 16);
    CHECK(probe_image(path).used_bits == 12);
    CHECK(probe_image(path).note == "12 of 16 bits in use");
    write(name, 65535);
    CHECK(decode_image(path, range).rgb == decode_image(path).rgb);
    CHECK(probe_image(path).remarks == 0);
    write(name, 0);
    CHECK(decode_image(path, range).rgb == Rgb(9, 0));
  }
  CHECK(decode_image(kImageData + "rgb.png", range).rgb == decode_image(kImageData + "rgb.png").rgb);
}

TEST_CASE("a PNM's own largest value is white") {
  const TemporaryFolder folder;
  const auto path = write_bytes(folder / "x.pgm", std::string("P5 3 1 4000\n\0\0\x07\xD0\x0F\xA0", 18));
  CHECK(decode_image(path).rgb == Rgb{0, 0, 0, 128, 128, 128, 255, 255, 255});
  CHECK(probe_image(path).bits == 12);
  CHECK(decode_image(write_bytes(path, "P5 1 1 15\n\x0F")).rgb == Rgb{255, 255, 255});
  CHECK(probe_image(write_bytes(path, "P5 1 1 70000\n\x0F")).status == ImageStatus::damaged);
}

TEST_CASE("a JPEG without its end marker is whole when all its scans are") {
  const TemporaryFolder folder;
  const auto path = folder / "x.jpg";
  for (const char* name : {"chroma_420.jpg", "chroma_444.jpg", "progressive_422.jpg", "cmyk_adobe.jpg"}) {
    CAPTURE(name);
    const std::string bytes = read_bytes(kImageData + name);
    const std::string open = bytes.substr(0, bytes.size() - 2);
    for (const std::string& file : {open, open + "\xFF", open + std::string(3000, '\0')}) {
      CHECK(decode_image(write_bytes(path, file)).rgb == decode_image(kImageData + name).rgb);
      CHECK(probe_image(path).status == ImageStatus::ok);
      CHECK(has(probe_image(path), Remark::no_end_marker));
    }
    for (const std::string& cut :
         {open.substr(0, open.size() - 1), open.substr(0, open.rfind("\xFF\xDA")), open.substr(0, open.size() / 2)}) {
      CHECK_THROWS_AS(decode_image(write_bytes(path, cut)), DecodeError);
      CHECK(probe_image(path).status == ImageStatus::damaged);
      CHECK(probe_image(path).remarks == 0);
    }
  }
}

TEST_CASE("pages and frames are counted, the first is taken, and the note says so") {
  for (const auto& [name, note] : std::vector<std::pair<const char*, const char*>>{{"two_pages.tiff", "page 1 of 2"},
                                                                                   {"animated.gif", "frame 1 of 2"},
                                                                                   {"animated.png", "frame 1 of 3"},
                                                                                   {"animated.webp", "frame 1 of 3"}}) {
    const Probe probe = probe_image(kImageData + std::string(name));
    CHECK(probe.note == note);
    CHECK(probe.pages == note[std::string(note).size() - 1] - '0');
    CHECK(has(probe, Remark::pages));
  }
  CHECK(probe_image(kImageData + "rgb.png").pages == 1);
  CHECK(decode_image(kImageData + "animated.gif").width == 47);
}

TEST_CASE("a BMP's masks say which bits are colours and which the transparency") {
  const TemporaryFolder folder;
  const auto bmp = [&](std::uint32_t alpha_mask, std::uint32_t pixel) {
    std::string file = "BM" + little_endian(14 + 56 + 4, 4) + little_endian(0, 4) + little_endian(14 + 56, 4) +
                       little_endian(56, 4) + little_endian(1, 4) + little_endian(1, 4) + little_endian(1, 2) +
                       little_endian(32, 2) + little_endian(3, 4) + little_endian(4, 4) + std::string(16, '\0');
    for (const std::uint32_t mask : {0xFFU, 0xFF00U, 0xFF0000U, alpha_mask}) file += little_endian(mask, 4);
    return write_bytes(folder / "x.bmp", file + little_endian(pixel, 4));
  };
  CHECK(decode_image(bmp(0, 0x80332211)).rgb == Rgb{0x11, 0x22, 0x33});
  CHECK(decode_image(bmp(0xFF000000, 0x80332211)).rgb == Rgb{136, 144, 153});
  CHECK(probe_image(folder / "x.bmp").channels == 4);
}

}  // namespace coterie
