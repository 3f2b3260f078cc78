#include "coterie/artifacts/images.hpp"

#include <filesystem>
#include <fstream>
#include <numeric>

#include "coterie/images/gzip_points.hpp"
#include "harmed.hpp"
#include "image_tables.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

const Communicator& world() { return Communicator::world(); }

std::uint8_t window_byte(std::int64_t point) { return static_cast<std::uint8_t>(40 + point); }

// Two of four images lie in a plain and in a compressed shard.
ImageTable sharded_table() {
  ImageTable table = sample_table();
  const auto window = [](std::int64_t point, std::uint8_t* to) { std::fill_n(to, kWindowBytes, window_byte(point)); };
  const std::vector<AccessPoint> points = {{0, 0, 0}, {5000, 9'000'000, 3}, {9000, 18'000'000, 7}};
  table.shards.shards = {{"a.tar", 4096, nullptr}, {"b.tgz", 9999, std::make_shared<const GzipPoints>(points, window)}};
  table.shards.shard = {-1, 0, 1, -1};
  table.shards.offsets = {0, 512, 9'000'512, 0};
  table.shards.bytes = table.bytes;
  return table;
}

void check_equal(const ImageTable& a, const ImageTable& b) {
  CHECK(a.root == b.root);
  CHECK(a.paths == b.paths);
  CHECK(a.statuses == b.statuses);
  CHECK(a.reasons == b.reasons);
  CHECK(a.duplicate_of == b.duplicate_of);
  CHECK(a.bytes == b.bytes);
  CHECK(a.hashes == b.hashes);
  CHECK(a.widths == b.widths);
  CHECK(a.heights == b.heights);
  CHECK(a.pages == b.pages);
  CHECK(a.bits == b.bits);
  CHECK(a.used_bits == b.used_bits);
  CHECK(a.remarks == b.remarks);
  CHECK(a.notes == b.notes);
  CHECK(a.columns == b.columns);
  CHECK(a.values == b.values);
  CHECK(a.shards.shard == b.shards.shard);
  CHECK(a.shards.offsets == b.shards.offsets);
}

Sound sound_images(const std::string& path) {
  return {path, {"root", "usable"}, [path] { read_image_table(path); }, {"content_hash", "remarks"}};
}

}  // namespace

TEST_CASE("remarks on images are counted, each with its first example and what it means") {
  ImageTable table = sample_table();
  const auto counts = count_remarks(table);
  REQUIRE(counts.size() == 2);
  CHECK(counts[0].remark == Remark::pages);
  CHECK(counts[0].images == 2);
  CHECK(counts[0].first == 1);
  CHECK(remark_text(table, counts[0]) ==
        "2 images with several pages or frames: b.png (page 1 of 3; 12 of 16 bits in use). The first is taken.");
  CHECK(remark_text(table, counts[1]).find("--levels range") != std::string::npos);
  table.statuses[3] = ImageStatus::duplicate;
  CHECK(count_remarks(table)[0].images == 1);
  table.remarks.clear();  // of an earlier version
  CHECK(count_remarks(table).empty());
}

TEST_CASE("a list of images comes back as it was") {
  const TemporaryFolder folder;
  const std::string path = folder / "images.h5";
  world().on_root([&] { write_image_table(path, Recipe("scan", 1), sample_table()); });
  check_equal(read_image_table(path), sample_table());
  const ImageTable places = read_image_places(path);
  CHECK(places.hashes == sample_table().hashes);
  CHECK(places.columns.empty());
  CHECK(place_of(places, 1).file == "/pictures/b.png");
  CHECK(place_of(places, 1).seen == SeenBytes{20, 12});
  CHECK(usable_images(places) == std::vector<std::int64_t>{0, 1, 3});
  CHECK(statuses_text(places.statuses) == "4 images listed: 3 ok, 1 damaged");
  const auto reasons = reasons_of(sample_table().paths, sample_table().statuses, sample_table().reasons);
  REQUIRE(reasons.size() == 1);
  CHECK(reason_text(reasons[0]) == "1 damaged (it ends early): caf\xe9.png");
  CHECK_THROWS_WITH_AS(read_image_table(folder / "none.h5"), doctest::Contains("run coterie scan first"),
                       InvalidArgument);
}

TEST_CASE("the most frequent reasons of a status are reported with an example, all others together") {
  std::vector<std::string> paths, reasons;
  for (int i = 0; i < 9; ++i) {
    paths.push_back(fmt::format("{}.heic", i));
    reasons.push_back(i < 3 ? "HEIC" : i < 5 ? "GIF" : fmt::format("reason {}", i));
  }
  const auto found = reasons_of(paths, std::vector<ImageStatus>(9, ImageStatus::unsupported), reasons);
  REQUIRE(found.size() == 4);
  CHECK(reason_text(found[0]) == "3 unsupported (HEIC): 0.heic, ...");
  CHECK(reason_text(found[1]) == "2 unsupported (GIF): 3.heic, ...");
  CHECK(reason_text(found[2]) == "1 unsupported (reason 5): 5.heic");
  CHECK(reason_text(found[3]) == "3 unsupported: 6.heic, ...");
}

TEST_CASE("images in shards come back with the windows that inflating wants") {
  const TemporaryFolder folder;
  const std::string path = folder / "images.h5";
  world().on_root([&] { write_image_table(path, Recipe("scan", 1), sharded_table()); });
  const ImageTable table = read_image_table(path);
  check_equal(table, sharded_table());
  REQUIRE(table.shards.shards.size() == 2);
  CHECK(table.shards.shards[0].path == "a.tar");
  CHECK(table.shards.shards[0].gzip == nullptr);
  REQUIRE(table.shards.shards[1].gzip);
  CHECK(table.shards.shards[1].gzip->points() == sharded_table().shards.shards[1].gzip->points());
  std::vector<std::uint8_t> window(static_cast<std::size_t>(kWindowBytes));
  table.shards.shards[1].gzip->window(2, window.data());
  CHECK(window == std::vector<std::uint8_t>(window.size(), window_byte(2)));
  CHECK(place_of(table, 2).offset == 9'000'512);
}

TEST_CASE("what identifies the usable images is their paths and bytes, whatever else is said of them") {
  const ImageTable table = sample_table();
  const std::string digest = usable_digest(table);
  ImageTable other = table;
  other.root = "/elsewhere";
  other.columns.emplace_back("year");
  other.values.emplace_back(4, "1900");
  other.paths[2] = "another damaged one.png";
  CHECK(usable_digest(other) == digest);
  for (const auto& change : std::vector<std::function<void(ImageTable&)>>{
           [](ImageTable& t) { t.hashes[1] ^= 1; }, [](ImageTable& t) { t.bytes[1] += 1; },
           [](ImageTable& t) { t.paths[1] = "c.png"; }, [](ImageTable& t) { t.statuses[1] = ImageStatus::not_found; },
           [](ImageTable& t) { t.statuses[2] = ImageStatus::ok; },
           [](ImageTable& t) { std::swap(t.paths[0], t.paths[1]); }}) {
    other = table;
    change(other);
    CHECK(usable_digest(other) != digest);
  }
}

TEST_CASE("that identity is read from the file, and computed where an earlier version left it out") {
  const TemporaryFolder folder;
  const std::string path = folder / "images.h5";
  world().on_root([&] { write_image_table(path, Recipe("scan", 1), sample_table()); });
  CHECK(usable_digest(ArtifactReader(path)) == usable_digest(sample_table()));
  world().barrier();
  world().on_root([&] {
    write_with({path, {"root"}, {}}, "none", {});  // without the attribute
    CHECK_FALSE(ArtifactReader(path).has_attribute("usable"));
  });
  CHECK(usable_digest(ArtifactReader(path)) == usable_digest(sample_table()));
}

TEST_CASE("a list whose parts are of another type, another length or missing is refused by name") {
  const TemporaryFolder folder;
  world().on_root([&] {
    const std::string path = folder / "images.h5";
    write_image_table(path, Recipe("scan", 1), sharded_table());
    check_every_harm(sound_images(path));
  });
}

TEST_CASE("a list with a status, a duplicate, a shard or points that cannot be is refused by name") {
  const TemporaryFolder folder;
  world().on_root([&] {
    const std::string path = folder / "images.h5";
    const Sound sound = sound_images(path);
    const auto refused = [&](const std::string& name, const auto& values) {
      write_image_table(path, Recipe("scan", 1), sharded_table());
      write_with(sound, name, values);
      CHECK_MESSAGE(fault_of(sound).find("its dataset \"" + name + "\"") == 0, name);
    };
    refused("status", std::vector<std::uint8_t>{0, 0, 99, 0});
    refused("duplicate_of", std::vector<std::int64_t>{-1, -1, -1, 4});
    refused("duplicate_of", std::vector<std::int64_t>{-1, -1, -1, -2});
    refused("shard", std::vector<std::int32_t>{-1, 0, 2, -1});
    refused("shards/point_bits", std::vector<std::uint8_t>{0, 3, 8});
    refused("shards/first_point", std::vector<std::int64_t>{0, 2, 1});
    refused("shards/first_point", std::vector<std::int64_t>{0, 4, 3});
    refused("shards/first_point", std::vector<std::int64_t>{1, 1, 3});
  });
}

}  // namespace coterie
