// Files made to fill memory, to keep a core for hours, or to reach a decoder that coterie does not name.
#include <doctest/doctest.h>

#include <chrono>
#include <opencv2/imgcodecs.hpp>

#include "coterie/images/decode.hpp"
#include "image_files.hpp"
#include "temporary_folder.hpp"
#include "tiff_files.hpp"

namespace coterie {
namespace {

DecodeError refusal_of(const std::string& path, const DecodeOptions& options = {}) {
  try {
    decode_image(path, options);
  } catch (const DecodeError& error) {
    return error;
  }
  return {path, ImageStatus::ok, "it was decoded"};
}

}  // namespace

TEST_CASE("what OpenCV writes besides is not decoded, whatever the file is called") {
  const TemporaryFolder folder;
  const cv::Mat picture(8, 8, CV_8UC3, cv::Scalar(10, 200, 90)), real(8, 8, CV_32FC3, cv::Scalar(0.1, 0.5, 0.9));
  int tried = 0;
  for (const char* format : {".jp2", ".ras", ".hdr", ".pfm", ".pam", ".exr", ".pgm", ".bmp"}) {
    CAPTURE(format);
    const bool wants_reals =
        std::string(format) == ".hdr" || std::string(format) == ".pfm" || std::string(format) == ".exr";
    std::vector<std::uint8_t> bytes;
    try {
      if (!cv::imencode(format, wants_reals ? real : picture, bytes)) continue;
    } catch (const cv::Exception&) {
      continue;  // built without it
    }
    ++tried;
    const bool named = std::string(format) == ".pgm" || std::string(format) == ".bmp";
    for (const char* name : {"x.bmp", "x.pgm", "x.jpg"}) {
      const DecodeError error = refusal_of(write_bytes(folder / name, {bytes.begin(), bytes.end()}));
      CHECK(error.status() == (named ? ImageStatus::ok : ImageStatus::unsupported));
    }
  }
  CHECK(tried >= 6);
}

TEST_CASE("a JPEG with two headers is held to the one that is decoded") {
  const TemporaryFolder folder;
  const std::string good = read_bytes(kImageData + "chroma_444.jpg");
  const auto frame = good.find("\xFF\xC0");
  REQUIRE(frame != std::string::npos);
  const std::size_t length =
      2 + static_cast<unsigned char>(good[frame + 2]) * 256 + static_cast<unsigned char>(good[frame + 3]);
  std::string large = good.substr(frame, length), twice = good;
  large[5] = large[7] = '\x7F';  // height and width: beyond 32,512
  twice.insert(frame, large);
  const DecodeError first = refusal_of(write_bytes(folder / "first.jpg", twice));
  CHECK(first.status() != ImageStatus::ok);
  const auto scan = good.rfind("\xFF\xDA");
  std::string hidden = good;
  hidden.insert(good.size() - 2, good.substr(frame, length));  // what the probe reads last
  hidden[frame + 5] = hidden[frame + 7] = '\x7F';
  REQUIRE(scan != std::string::npos);
  const DecodeError last = refusal_of(write_bytes(folder / "last.jpg", hidden));
  CHECK(last.status() == ImageStatus::damaged);
  CHECK(last.reason().find("and again as") != std::string::npos);
}

TEST_CASE("a JPEG of thousands of scans is given up, one of ten is not") {
  const TemporaryFolder folder;
  const std::string good = read_bytes(kImageData + "progressive_422.jpg");
  CHECK(refusal_of(write_bytes(folder / "good.jpg", good)).status() == ImageStatus::ok);
  // The scan that adds a bit to the mean of every block can be repeated: any bits will do.
  const auto scan = good.find(std::string("\xFF\xDA\0\x0C\3\1\0\2\0\3\0\0\0\x10", 14));
  REQUIRE(scan != std::string::npos);
  const std::string once = good.substr(scan, good.find("\xFF\xC4", scan) - scan);
  std::string many = good.substr(0, good.size() - 2);
  for (int i = 0; i < 5000; ++i) many += once;
  const DecodeError error = refusal_of(write_bytes(folder / "many.jpg", many + good.substr(good.size() - 2)));
  CHECK(error.status() == ImageStatus::damaged);
  CHECK(error.reason() == "more than 200 scans");
}

TEST_CASE("a TIFF's strips and tiles may not ask for more than its pixels need") {
  const TemporaryFolder folder;
  const auto refusal = [&](std::uint32_t side, std::uint32_t compression, std::uint32_t bytes) {
    return refusal_of(write_bytes(folder / "x.tif", tiff({{256, 8},
                                                          {257, 8},
                                                          {258, 8},
                                                          {259, compression},
                                                          {262, 1},
                                                          {277, 1},
                                                          {322, side},
                                                          {323, side},
                                                          {324, 200},
                                                          {325, bytes}},
                                                         std::string(bytes, '\x55'))));
  };
  constexpr std::uint32_t kNone = 1, kDeflate = 8;
  CHECK(refusal(32, kNone, 1024).status() == ImageStatus::ok);  // 8 × 8 pixels in one tile of 1 KB
  // The same in one of 2 GB; with fewer bytes libtiff itself would doubt it.
  const DecodeError error = refusal(46'336, kDeflate, 3'000'000);
  INFO(error.reason());
  CHECK(error.status() == ImageStatus::damaged);
  CHECK(error.reason() == "its tiles are far larger than it is");
}

TEST_CASE("a TIFF in a compression that nobody uses is not decoded, and says so at the probe") {
  const TemporaryFolder folder;
  for (const std::uint32_t compression : {6U, 32766U, 32809U, 32909U, 34661U, 34676U, 34887U, 50001U}) {
    const std::string path = write_bytes(
        folder / "x.tif",
        tiff({{256, 8}, {257, 8}, {258, 8}, {259, compression}, {262, 1}, {273, 200}, {277, 1}, {278, 8}, {279, 64}},
             std::string(64, '\x55')));
    const Probe probe = probe_image(path);
    CHECK(probe.status == ImageStatus::unsupported);
    CHECK(probe.reason.find("a TIFF with compression " + std::to_string(compression)) == 0);
    CHECK(refusal_of(path).status() == ImageStatus::unsupported);
  }
}

}  // namespace coterie
