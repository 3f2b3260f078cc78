#include "coterie/store/feature_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include <filesystem>
#include <fstream>

#include "coterie/base/errors.hpp"
#include "coterie/h5/objects.hpp"
#include "coterie/store/artifact.hpp"
#include "coterie/store/store_rows.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

constexpr FeatureShape kShape{100, 5, 8};  // 13 blocks, the last of 4 rows

const Communicator& world() { return Communicator::world(); }

Recipe recipe(const std::string& layer = "pooled") {
  Recipe made("extract", 1);
  made.set("layer", layer);
  return made;
}

// Of any bytes: paths are no UTF-8.
RowIdentities identities() {
  RowIdentities made;
  for (std::int64_t i = 0; i < kShape.rows; ++i) {
    made.paths.push_back(fmt::format("caf\xe9/{}.png", i));
    made.hashes.push_back(static_cast<std::uint64_t>(i) << 40);
  }
  return made;
}

void commit_block(FeatureFile& file, std::int64_t block) {
  const RowRange range = file.rows_of(block);
  std::vector<float> rows;
  std::vector<std::uint8_t> statuses;
  for (std::int64_t i = range.begin; i < range.end; ++i) {
    for (int j = 0; j < kShape.columns; ++j) rows.push_back(static_cast<float>(i) + 0.1F * static_cast<float>(j));
    statuses.push_back(i == 42 ? 3 : 0);
  }
  file.commit(block, rows, statuses);
}

// The ranks deal out the missing blocks among themselves; at most `limit` of them are done.
void commit_missing(FeatureFile& file, std::size_t limit = 1000) {
  const auto missing = file.missing();
  for (std::size_t i = 0; i < std::min(limit, missing.size()); ++i)
    if (static_cast<int>(i) % world().size() == world().rank()) commit_block(file, missing[i]);
}

FeatureFile open_file(const std::string& path, const Recipe& made = recipe(), bool overwrite = false) {
  return {path, made, kShape, world().is_root() ? identities() : RowIdentities{}, overwrite, world()};
}

void check_content(const std::string& path) {
  const ArtifactReader reader(path);
  const auto rows = reader.read<float>("features");
  CHECK(rows[99 * 5 + 4] == doctest::Approx(99.4F));
  CHECK(reader.texts("path") == identities().paths);
  CHECK(reader.read<std::uint64_t>("content_hash") == identities().hashes);
  const auto statuses = reader.read<std::uint8_t>("status");
  CHECK(std::count(statuses.begin(), statuses.end(), std::uint8_t{0}) == 99);
  CHECK(reader.damaged().empty());
  CHECK(damaged_blocks(path).empty());
}

void damage(const std::string& path, const std::string& dataset, std::int64_t byte) {
  if (world().is_root()) {
    const auto place = ArtifactReader(path).place(dataset);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(place.offset + byte);
    file.put('\x55');
  }
  world().barrier();
}

}  // namespace

TEST_CASE("a run that is stopped goes on where it was, and nothing committed is done again") {
  const TemporaryFolder folder;
  const std::string path = folder / "features/net.h5";
  {
    FeatureFile file = open_file(path);
    CHECK(file.missing().size() == 13);
    commit_missing(file, 6);
    file.pause();
  }
  CHECK_FALSE(std::filesystem::exists(path));
  {
    FeatureFile file = open_file(path);
    CHECK(file.found() == 6);
    CHECK(file.missing() == std::vector<std::int64_t>{6, 7, 8, 9, 10, 11, 12});
    commit_missing(file);
    file.finish();
    CHECK(file.complete());
  }
  check_content(path);
  CHECK_FALSE(std::filesystem::exists(path + ".partial"));
  CHECK(open_file(path).complete());
}

TEST_CASE("a damaged block of a finished file is found and only that block is done again") {
  const TemporaryFolder folder;
  const std::string path = folder / "net.h5";
  {
    FeatureFile file = open_file(path);
    commit_missing(file);
    file.finish();
  }
  damage(path, "features", 20 * 5 * 4 + 3);  // row 20 lies in block 2
  CHECK(damaged_blocks(path) == std::vector<std::int64_t>{2});
  world().barrier();
  FeatureFile file = open_file(path);
  CHECK_FALSE(file.complete());
  CHECK(file.missing() == std::vector<std::int64_t>{2});
  commit_missing(file);
  file.finish();
  check_content(path);
}

TEST_CASE("a journal whose blocks have no number of rows is refused, and named") {
  const TemporaryFolder folder;
  const std::string path = folder / "net.h5";
  {
    FeatureFile file = open_file(path);
    commit_missing(file);
    file.finish();
  }
  world().on_root([&] {
    const h5::Id file = h5::open_file(path, true);
    h5::write_text_attribute(file, "block_rows", "eight", path);
  });
  CHECK_THROWS_WITH_AS(damaged_blocks(path), doctest::Contains("does not fit its rows"), FileError);
  world().barrier();
}

TEST_CASE("a file of another recipe is kept unless overwriting was asked for") {
  const TemporaryFolder folder;
  const std::string path = folder / "net.h5";
  {
    FeatureFile file = open_file(path);
    commit_missing(file);
    file.finish();
  }
  CHECK_THROWS_WITH_AS(open_file(path, recipe("fc1")), doctest::Contains("layer: pooled then, fc1 now"),
                       InvalidArgument);
  check_content(path);
  world().barrier();
  FeatureFile file = open_file(path, recipe("fc1"), true);
  CHECK(file.missing().size() == 13);
  check_content(path);  // still there until the new one is complete
  world().barrier();
  commit_missing(file);
  file.finish();
  CHECK(ArtifactReader(path).recipe().parameters().at("layer") == "fc1");
}

TEST_CASE("a file that lacks a block cannot be called finished") {
  const TemporaryFolder folder;
  FeatureFile file = open_file(folder / "net.h5");
  commit_missing(file, 12);
  CHECK_THROWS_AS(file.finish(), Error);
  CHECK_FALSE(std::filesystem::exists(folder / "net.h5"));
}

TEST_CASE("a file without an identity for each row is not begun") {
  const TemporaryFolder folder;
  RowIdentities few = identities();
  few.hashes.pop_back();
  CHECK_THROWS_WITH_AS(FeatureFile(folder / "net.h5", recipe(), kShape, few, false, world()),
                       doctest::Contains("100 paths and 99 hashes"), InvalidArgument);
  CHECK_FALSE(std::filesystem::exists(folder / "net.h5.partial"));
}

TEST_CASE("a block of the wrong size is refused") {
  const TemporaryFolder folder;
  FeatureFile file = open_file(folder / "net.h5");
  const std::vector<float> rows(3);
  const std::vector<std::uint8_t> statuses(8);
  CHECK_THROWS_AS(file.commit(0, rows, statuses), InvalidArgument);
  file.pause();
}

}  // namespace coterie
