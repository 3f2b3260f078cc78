#include "shards/gzip_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/images/decode.hpp"
#include "coterie/images/shard.hpp"
#include "image_files.hpp"
#include "tar_files.hpp"
#include "temporary_folder.hpp"

namespace coterie {

namespace {

/// Stretches that deflate well and others that it stores: its blocks are of every kind.
std::string mixed_bytes(std::size_t count, std::uint64_t seed) {
  const Random random(seed, Purpose::test_data);
  std::string bytes;
  for (std::uint64_t i = 0; bytes.size() < count; ++i) {
    const std::uint64_t bits = random.bits(i);
    if (i / 20'000 % 3 == 0)
      bytes.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    else
      bytes += fmt::format("{} ", bits % (i / 20'000 % 3 == 1 ? 97 : 100'003));
  }
  bytes.resize(count);
  return bytes;
}

std::string deflate_text(const std::string& text, int level = 3) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

struct Indexed {
  std::vector<AccessPoint> points;
  std::vector<std::uint8_t> windows;
};

Indexed index_of(const std::string& path) {
  Indexed indexed;
  GzipFile file(path);
  file.collect(indexed.points, indexed.windows);
  file.skip(std::int64_t{1} << 40);
  return indexed;
}

void check_every_point(const std::string& path, const std::string& text, std::size_t least) {
  const Indexed indexed = index_of(path);
  REQUIRE(indexed.points.size() >= least);
  REQUIRE(indexed.windows.size() == (indexed.points.size() - 1) * kWindowBytes);
  GzipFile file(path);
  for (std::size_t p = indexed.points.size(); p-- > 0;) {
    const AccessPoint& point = indexed.points[p];
    file.jump(point, p == 0 ? nullptr : indexed.windows.data() + (p - 1) * kWindowBytes);
    const auto rest = text.size() - static_cast<std::size_t>(point.inflated);
    const std::size_t wanted = p % 2 == 0 ? rest : std::min<std::size_t>(rest, 100'000);
    std::string got(wanted, '\0');
    REQUIRE(file.read(reinterpret_cast<std::uint8_t*>(got.data()), wanted) == wanted);
    CHECK_MESSAGE(got == text.substr(static_cast<std::size_t>(point.inflated), wanted), "from point ", p);
  }
}

}  // namespace

TEST_CASE("inflating goes on from every access point, in files of one gzip member and of several") {
  const TemporaryFolder folder;
  const std::string text = mixed_bytes(36 << 20, 1), more = mixed_bytes(9 << 20, 2);
  check_every_point(write_bytes(folder / "one.gz", deflate_text(text)), text, 4);
  // As pigz and bgzip write them; the second has not 32 KiB behind it where it begins, the third is stored.
  const std::string several = deflate_text(text.substr(0, 9 << 20)) + deflate_text(more, 9) + deflate_text(more, 0);
  check_every_point(write_bytes(folder / "several.gz", several + std::string(100, '\0')),
                    text.substr(0, 9 << 20) + more + more, 3);
}

TEST_CASE("a member of a compressed shard is read from wherever the thread stands") {
  const TemporaryFolder folder;
  std::string tar;
  std::vector<std::string> data;
  for (int i = 0; i < 40; ++i) {
    data.push_back(mixed_bytes(static_cast<std::size_t>(700'000 + 1'000 * i), static_cast<std::uint64_t>(i)));
    tar += tar_member(fmt::format("{}.jpg", i), data.back());
  }
  const std::string path = write_bytes(folder / "a.tgz", deflate_text(tar + tar_end(), 1));
  ShardContents contents = index_shard(path);
  REQUIRE(contents.compressed);
  REQUIRE(contents.problems.empty());
  REQUIRE(contents.images.size() == data.size());
  const auto images = contents.images;
  const auto points = take_points(contents);
  REQUIRE(points->points().size() >= 3);
  const Random random(7, Purpose::test_data);
  for (std::uint64_t i = 0; i < 60; ++i) {
    const auto number = static_cast<std::size_t>(i < 20 ? i : random.bits(i) % data.size());
    ImagePlace place(path);
    place.offset = images[number].offset;
    place.bytes = images[number].bytes;
    place.gzip = points;
    const auto bytes = image_bytes(place);
    CHECK_MESSAGE(std::equal(bytes.begin(), bytes.end(), data[number].begin(), data[number].end(),
                             [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }),
                  "member ", number);
  }
}

TEST_CASE("a compressed shard that is cut or damaged gives what lies before, and says so") {
  const TemporaryFolder folder;
  std::string tar;
  for (int i = 0; i < 30; ++i)
    tar += tar_member(fmt::format("{}.jpg", i), mixed_bytes(5'000, static_cast<std::uint64_t>(i)));
  const std::string whole = deflate_text(tar + tar_end());
  std::size_t before = 31;
  for (const std::size_t part : {10, 9, 7, 4, 1, 0}) {
    const auto contents = index_shard(write_bytes(folder / "cut.tar.gz", whole.substr(0, whole.size() * part / 10)));
    CHECK(contents.images.size() < before);
    before = std::max<std::size_t>(contents.images.size(), 1);
    CHECK(contents.problems.empty() == (part == 10));
    CHECK(std::all_of(contents.images.begin(), contents.images.end(),
                      [](const auto& image) { return image.bytes == 5000; }));
  }
  std::string flipped = whole;
  flipped[flipped.size() / 2] ^= 0x10;
  const auto contents = index_shard(write_bytes(folder / "flipped.tar.gz", flipped));
  CHECK(!contents.problems.empty());
  CHECK(contents.images.size() <= 30);
}

TEST_CASE("points that do not ascend are refused") {
  const auto none = [](std::int64_t, std::uint8_t*) {};
  CHECK_THROWS_AS(GzipPoints({}, none), InvalidArgument);
  CHECK_THROWS_AS(GzipPoints({{5, 5, 0}}, none), InvalidArgument);
  CHECK_THROWS_AS(GzipPoints({{}, {10, 100, 0}, {20, 100, 0}}, none), InvalidArgument);
  const GzipPoints points({{}, {10, 100, 3}, {20, 200, 0}}, none);
  CHECK(points.before(0) == 0);
  CHECK(points.before(99) == 0);
  CHECK(points.before(100) == 1);
  CHECK(points.before(5000) == 2);
}

}  // namespace coterie
