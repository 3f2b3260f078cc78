#include "coterie/images/probe.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>

#include "coterie/base/digest.hpp"
#include "image_files.hpp"
#include "temporary_folder.hpp"

namespace coterie {

namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

/// A PNG's frame without its pixels: enough to be probed.
std::string hollow_png(std::uint32_t width, std::uint32_t height) {
  return std::string("\x89PNG\r\n\x1A\n", 8) + big_endian(13) + "IHDR" + big_endian(width) + big_endian(height) +
         std::string("\x08\x02\0\0\0", 5) + "crc." + big_endian(0) + "IEND" + "crc.";
}

ImageStatus status_of(const std::string& path) { return probe_image(path).status; }

}  // namespace

TEST_CASE("a sound file tells its format, its size and the hash of its bytes") {
  const std::string path = kImageData + "turned_6.jpg", bytes = read_bytes(path);
  const Probe probe = probe_image(path);
  CHECK(probe.status == ImageStatus::ok);
  CHECK(probe.reason.empty());
  CHECK(probe.format == "JPEG");
  CHECK(probe.width == 23);
  CHECK(probe.height == 15);
  CHECK(probe.channels == 3);
  CHECK(probe.bits == 8);
  CHECK(probe.orientation == 6);
  CHECK(probe.bytes == static_cast<std::int64_t>(bytes.size()));
  CHECK(probe.content_hash == hash64(bytes.data(), bytes.size()));
  CHECK(probe_image(kImageData + "grey16.png").bits == 16);
  CHECK(probe_image(kImageData + "grey_alpha.png").channels == 2);
  CHECK(probe_image(kImageData + "turned_8.webp").orientation == 8);
}

TEST_CASE("missing, empty, unreadable and foreign files each have their status") {
  const TemporaryFolder folder;
  CHECK(status_of(folder / "gone.jpg") == ImageStatus::not_found);
  CHECK(status_of(write_bytes(folder / "empty.jpg", "")) == ImageStatus::empty);
  CHECK(status_of(folder.path().string()) == ImageStatus::unreadable);
  REQUIRE(mkfifo((folder / "pipe.jpg").c_str(), 0600) == 0);
  CHECK(status_of(folder / "pipe.jpg") == ImageStatus::unreadable);
  const auto looks_like = [&](const std::string& bytes, const char* what) {
    const Probe probe = probe_image(write_bytes(folder / "x.jpg", bytes));
    CHECK(probe.status == ImageStatus::unsupported);
    CHECK_MESSAGE(probe.reason.find(what) != std::string::npos, probe.reason);
  };
  looks_like("hello, I am a letter", "text");
  looks_like("<!DOCTYPE html><p>404", "HTML");
  looks_like("%PDF-1.7", "PDF");
  looks_like(std::string(600, '\0'), "zero");
  looks_like(std::string("\0\0\0\x18"
                         "ftypheic",
                         12),
             "HEIC is not decoded; convert it: heif-convert");
  looks_like("<?xml version=\"1.0\"?><svg width=\"4\">", "rsvg-convert");
  looks_like(std::string("\0\0\0\x18"
                         "ftypisom",
                         12),
             "ffmpeg");
  looks_like(std::string("II*\0\x10\0\0\0"
                         "CR\x02\0",
                         12),
             "camera raw is not decoded");
  looks_like("version https://git-lfs.github.com/spec/v1", "git lfs pull");
  looks_like("BMW is a car", "text");
  looks_like("P5", "text");
}

TEST_CASE("a file's name does not matter, its content does") {
  const TemporaryFolder folder;
  CHECK(probe_image(write_bytes(folder / "png.jpg", read_bytes(kImageData + "rgb.png"))).format == "PNG");
}

TEST_CASE("a decompression bomb is too large, a panorama of 30,000 pixels is not") {
  const TemporaryFolder folder;
  const Probe bomb = probe_image(write_bytes(folder / "bomb.png", hollow_png(60000, 60000)));
  CHECK(bomb.status == ImageStatus::too_large);
  CHECK(bomb.reason == "60000 x 60000 pixels are 3600 million; the limit is 500 million");
  CHECK(status_of(write_bytes(folder / "huge.png", hollow_png(0x7FFFFFFF, 0x7FFFFFFF))) == ImageStatus::too_large);
  CHECK(status_of(write_bytes(folder / "wide.png", hollow_png(30000, 2000))) == ImageStatus::ok);
  CHECK(status_of(write_bytes(folder / "none.png", hollow_png(0, 10))) == ImageStatus::damaged);
  DecodeLimits limits;
  limits.max_bytes = 100;
  const Probe heavy = probe_image(kImageData + "rgb.png", limits);
  const std::string bytes = read_bytes(kImageData + "rgb.png");
  CHECK(heavy.status == ImageStatus::too_large);
  CHECK(heavy.content_hash == hash64(bytes.data(), bytes.size()));
}

TEST_CASE("a file without its end is damaged") {
  const TemporaryFolder folder;
  for (const std::string name :
       {"chroma_420.jpg", "progressive_422.jpg", "rgb.png", "lossy.webp", "grey.tiff", "rgb.bmp", "rgb.ppm"}) {
    CAPTURE(name);
    const std::string bytes = read_bytes(kImageData + name);
    CHECK(status_of(write_bytes(folder / "cut", bytes.substr(0, bytes.size() / 2))) == ImageStatus::damaged);
  }
  const std::string jpeg = read_bytes(kImageData + "turned_1.jpg");
  CHECK(status_of(write_bytes(folder / "cut", jpeg.substr(0, jpeg.size() - 3))) == ImageStatus::damaged);
  CHECK(status_of(write_bytes(folder / "trailer", jpeg + "camera's own data")) == ImageStatus::ok);
}

TEST_CASE("the orientation is found where older programs put it into a PNG") {
  const TemporaryFolder folder;
  // A little TIFF with the orientation 6, as ImageMagick wrote it: name, length and hexadecimal digits, a line each.
  const std::string text = std::string("Raw profile type exif\0", 22) + "\nexif\n      32\n457869660000" +
                           "49492a0008000000" + "0100120103000100\n0000" + "0600000000000000\n";
  std::string png = hollow_png(10, 10);
  png.insert(8 + 25, big_endian(static_cast<std::uint32_t>(text.size())) + "tEXt" + text + "crc.");
  const Probe probe = probe_image(write_bytes(folder / "x.png", png));
  CHECK(probe.status == ImageStatus::ok);
  CHECK(probe.orientation == 6);
}

TEST_CASE("a remark has a name and a sentence") {
  for (const Remark remark : kRemarks) {
    CHECK_FALSE(remark_name(remark).empty());
    CHECK(remark_explanation(remark).ends_with("."));
  }
  CHECK_THROWS_AS(remark_name(static_cast<Remark>(3)), InvalidArgument);
}

TEST_CASE("a status has a name and a sentence") {
  for (const ImageStatus status : kImageStatuses) {
    CHECK_FALSE(status_name(status).empty());
    CHECK(status_explanation(status).ends_with("."));
  }
  CHECK_THROWS_AS(status_name(static_cast<ImageStatus>(99)), InvalidArgument);
}

TEST_CASE("an image that is not what was seen has changed, whatever it is now; nothing else is reported of it") {
  const TemporaryFolder folder;
  const std::string sound = ppm_bytes(noise(5, 4));
  ImagePlace place(write_bytes(folder / "1.ppm", sound));
  place.seen = SeenBytes{static_cast<std::int64_t>(sound.size()), hash64(sound.data(), sound.size())};
  CHECK(probe_image(place).status == ImageStatus::ok);
  CHECK(decode_image(place).rgb == noise(5, 4).rgb);
  CHECK(image_bytes(place).size() == sound.size());
  std::string other = sound;
  other.back() ^= 1;
  for (const std::string& now : {other, ppm_bytes(noise(4, 4)), sound + "x", std::string()}) {
    write_bytes(folder / "1.ppm", now);
    CHECK(probe_image(place).status == ImageStatus::changed);
    try {
      decode_image(place);
      FAIL("it was decoded");
    } catch (const DecodeError& error) {
      CHECK(error.status() == ImageStatus::changed);
    }
    CHECK_THROWS_AS(image_bytes(place), DecodeError);
  }
  std::filesystem::remove(folder / "1.ppm");
  CHECK(probe_image(place).status == ImageStatus::not_found);
}

TEST_CASE("a piece of a file is an image, and its bytes end where the place says") {
  const TemporaryFolder folder;
  const std::string sound = ppm_bytes(noise(5, 4));
  ImagePlace place(write_bytes(folder / "shard", "before" + sound + "behind"));
  place.offset = 6;
  place.bytes = static_cast<std::int64_t>(sound.size());
  CHECK(decode_image(place).rgb == noise(5, 4).rgb);
  CHECK(probe_image(place).content_hash == hash64(sound.data(), sound.size()));
  CHECK(probe_image(place, {.max_bytes = 10}).status == ImageStatus::too_large);
  CHECK(probe_image(place, {.max_bytes = 10}).content_hash == hash64(sound.data(), sound.size()));
  place.bytes += 7;
  CHECK(probe_image(place).status == ImageStatus::damaged);
  place.seen = SeenBytes{place.bytes, 1};
  CHECK(probe_image(place).status == ImageStatus::changed);
  place.bytes = 0;
  CHECK(probe_image(place).status == ImageStatus::changed);
  place.seen.reset();
  CHECK(probe_image(place).status == ImageStatus::empty);
}

}  // namespace coterie
