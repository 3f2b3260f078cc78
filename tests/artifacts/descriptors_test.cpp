#include "coterie/artifacts/descriptors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "coterie/base/errors.hpp"
#include "harmed.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {
namespace fs = std::filesystem;

constexpr std::int64_t kImages = 11;
constexpr DescriptorShape kBytes{4, true, 3}, kFloats{4, false, 3};  // 4 blocks, the last of 2 images

const Communicator& world() { return Communicator::world(); }

RowIdentities identities() {
  RowIdentities made;
  for (std::int64_t i = 0; i < kImages; ++i) {
    made.paths.push_back(fmt::format("caf\xe9/{}.png", i));
    made.hashes.push_back(static_cast<std::uint64_t>(i) << 40);
  }
  return made;
}

// Image i has i % 4 keypoints; image 6, which would have two, is damaged.
std::int64_t keypoints_of(std::int64_t image) { return image == 6 ? 0 : image % 4; }

ImageDescriptors sample(std::int64_t image, bool bytes) {
  ImageDescriptors made;
  made.status = image == 6 ? ImageStatus::damaged : ImageStatus::ok;
  made.width = static_cast<std::int32_t>(100 + image);
  made.height = 50;
  for (std::int64_t j = 0; j < keypoints_of(image); ++j) {
    made.keypoints.push_back({static_cast<float>(image), static_cast<float>(j), 2.5F, 90, 0.125F});
    for (int d = 0; d < 4; ++d) {
      if (bytes) made.bytes.push_back(static_cast<std::uint8_t>(200 + image + 10 * j + d));
      if (!bytes) made.floats.push_back(0.5F * static_cast<float>(image) + static_cast<float>(10 * j + d));
    }
  }
  return made;
}

void commit_missing(DescriptorFile& file, bool bytes, std::size_t limit = 100) {
  const auto missing = file.missing();
  for (std::size_t i = 0; i < std::min(limit, missing.size()); ++i) {
    if (static_cast<int>(i) % world().size() != world().rank()) continue;
    std::vector<ImageDescriptors> images;
    for (auto n = file.images_of(missing[i]).begin; n < file.images_of(missing[i]).end; ++n)
      images.push_back(sample(n, bytes));
    file.commit(missing[i], images);
  }
}

Recipe recipe(const std::string& detector = "sift") {
  Recipe made("words", 1);
  made.set("detector", detector);
  return made;
}

DescriptorFile open_file(const Study& study, DescriptorShape shape = kBytes, const Recipe& made = recipe(),
                         bool overwrite = false) {
  return {study.path(Kind::descriptors, "sift"),
          made,
          shape,
          world().is_root() ? identities() : RowIdentities{},
          overwrite,
          world()};
}

void make(const Study& study, DescriptorShape shape) {
  DescriptorFile file = open_file(study, shape);
  commit_missing(file, shape.bytes);
  file.finish();
  CHECK(file.complete());
}

void check_content(const Study& study, bool bytes) {
  const DescriptorReader reader(study, "sift");
  CHECK(reader.images() == kImages);
  CHECK(reader.columns() == 4);
  CHECK(reader.bytes() == bytes);
  CHECK(reader.identities().paths == identities().paths);
  CHECK(reader.identities().hashes == identities().hashes);
  std::vector<float> all(static_cast<std::size_t>(reader.rows() * 4)), rows = all;
  if (bytes) {
    std::vector<std::uint8_t> stored(all.size());
    reader.read({0, reader.rows()}, stored.data());
    std::copy(stored.begin(), stored.end(), all.begin());
    CHECK_THROWS_AS(reader.read({0, 1}, rows.data()), InvalidArgument);
  } else {
    reader.read({0, reader.rows()}, all.data());
  }
  const auto source = reader.open_rows();
  CHECK(source->rows() == reader.rows());
  CHECK(source->columns() == 4);
  source->read({0, reader.rows()}, rows.data());
  CHECK(rows == all);
  const auto some = reader.open_rows({1, 4});
  REQUIRE(some->rows() == 2);
  std::vector<float> picked(8), expected(all.begin() + 4, all.begin() + 8);
  expected.insert(expected.end(), all.begin() + 16, all.begin() + 20);
  some->read({0, 2}, picked.data());
  CHECK(picked == expected);
  some->read({1, 2}, picked.data());
  CHECK(std::equal(picked.begin(), picked.begin() + 4, expected.begin() + 4));
  std::int64_t row = 0;
  for (std::int64_t i = 0; i < kImages; ++i) {
    const ImageDescriptors wanted = sample(i, bytes);
    const auto image = static_cast<std::size_t>(i);
    CHECK(reader.first()[image] == row);
    CHECK(reader.statuses()[image] == wanted.status);
    CHECK(reader.extents()[2 * image] == wanted.width);
    CHECK(reader.extents()[2 * image + 1] == wanted.height);
    const auto keypoints = reader.keypoints({row, row + keypoints_of(i)});
    for (std::size_t j = 0; j < keypoints.size(); ++j, ++row) {
      CHECK(keypoints[j].y == wanted.keypoints[j].y);
      CHECK(keypoints[j].response == 0.125F);
      for (std::size_t d = 0; d < 4; ++d)
        CHECK(all[static_cast<std::size_t>(row) * 4 + d] ==
              (bytes ? static_cast<float>(wanted.bytes[4 * j + d]) : wanted.floats[4 * j + d]));
    }
  }
  CHECK(reader.rows() == row);
  CHECK(ArtifactReader(reader.path()).damaged().empty());
}

}  // namespace

TEST_CASE("descriptors come back as they were committed, bytes and real numbers") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  for (const bool bytes : {true, false}) {
    CAPTURE(bytes);
    {
      DescriptorFile file = open_file(study, bytes ? kBytes : kFloats, recipe(), true);
      commit_missing(file, bytes);
      file.finish();
    }
    check_content(study, bytes);
    CHECK_FALSE(fs::exists(study.path(Kind::descriptors, "sift") + ".partial"));
    CHECK(open_file(study, bytes ? kBytes : kFloats).complete());
    world().barrier();
  }
}

TEST_CASE("descriptors that were stopped go on where they were") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  {
    DescriptorFile file = open_file(study);
    CHECK(file.missing().size() == 4);
    commit_missing(file, true, 2);
    file.pause();
  }
  CHECK(study.list(Kind::descriptors).empty());
  CHECK_THROWS_WITH_AS(open_file(study, kBytes, recipe("cnn")), doctest::Contains("detector: sift then, cnn now"),
                       InvalidArgument);
  {
    DescriptorFile file = open_file(study);
    CHECK(file.found() == 2);
    CHECK(file.missing() == std::vector<std::int64_t>{2, 3});
    CHECK_THROWS_WITH_AS(file.finish(), doctest::Contains("2 blocks did not reach the disk, the first is 2"),
                         InvalidArgument);
    commit_missing(file, true);
    file.finish();
  }
  check_content(study, true);
  CHECK_THROWS_AS(open_file(study, kBytes, recipe("cnn")), InvalidArgument);
  CHECK(open_file(study, kBytes, recipe("cnn"), true).missing().size() == 4);
  check_content(study, true);  // it stays until the new one is there
}

TEST_CASE("no image at all, and images without a keypoint, are descriptors too") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  const RowIdentities one = world().is_root() ? RowIdentities{{"a"}, {1}} : RowIdentities{};
  for (const std::int64_t images : {0, 1}) {
    DescriptorFile file(study.path(Kind::descriptors, "sift"), recipe(), kBytes, images == 0 ? RowIdentities{} : one,
                        true, world());
    if (images == 1 && world().is_root()) file.commit(0, std::vector<ImageDescriptors>(1));
    file.finish();
    const DescriptorReader reader(study, "sift");
    CHECK(reader.images() == images);
    CHECK(reader.rows() == 0);
    CHECK(reader.columns() == 4);
    CHECK(reader.open_rows()->rows() == 0);
    CHECK(reader.keypoints({0, 0}).empty());
    world().barrier();
  }
}

TEST_CASE("what does not fit its block is refused") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  DescriptorFile file = open_file(study);
  std::vector<ImageDescriptors> images = {sample(0, true), sample(1, true)};
  CHECK_THROWS_WITH_AS(file.commit(0, images), doctest::Contains("wants 3 images"), InvalidArgument);
  images.push_back(sample(2, true));
  images[2].bytes.pop_back();
  CHECK_THROWS_WITH_AS(file.commit(0, images), doctest::Contains("2 keypoints of 4 columns, with 7 bytes"),
                       InvalidArgument);
  images[2] = sample(2, true);
  images[2].status = ImageStatus::damaged;
  CHECK_THROWS_WITH_AS(file.commit(0, images), doctest::Contains("an image that is damaged has 2 keypoints"),
                       InvalidArgument);
  file.pause();
}

TEST_CASE("descriptors whose parts are of another type, another length or missing are refused by name") {
  const TemporaryFolder folder;
  const Study study(folder.path().string());
  make(study, kBytes);
  world().on_root([&] {
    const Sound sound{study.path(Kind::descriptors, "sift"), {}, [study] {
                        const DescriptorReader reader(study, "sift");
                        reader.identities();
                        reader.open_rows();
                      }};
    check_every_harm(sound);
    if (world().size() > 1) return;
    const auto refused = [&](const std::vector<std::int64_t>& first) {
      write_with(sound, "first", first);
      CHECK(fault_of(sound).find("\"first\"") != std::string::npos);
    };
    refused({0, 0, 1, 3, 6, 6, 7, 7, 10, 10, 11, 12});  // ends before the rows do
    refused({1, 1, 1, 3, 6, 6, 7, 7, 10, 10, 11, 13});  // begins late
    refused({0, 0, 3, 1, 6, 6, 7, 7, 10, 10, 11, 13});  // falls
    refused({0, 0, 1, 3, 6, 6, 7, 8, 10, 10, 11, 13});  // gives rows to the image that is damaged
  });
}

}  // namespace coterie
