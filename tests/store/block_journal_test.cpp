#include "coterie/store/block_journal.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {
namespace fs = std::filesystem;

constexpr std::int64_t kBlocks = 11;

const Communicator& world() { return Communicator::world(); }

Recipe recipe(const std::string& detector = "sift") {
  Recipe made("words", 1);
  made.set("detector", detector);
  return made;
}

BlockJournal open_journal(const std::string& folder, const Recipe& made = recipe(), bool overwrite = false,
                          const std::string& layout = "any", const Communicator& comm = world()) {
  return {folder, made, layout, kBlocks, overwrite, comm};
}

// Of differing lengths, one of them nothing at all.
std::vector<std::byte> content(std::int64_t block) {
  std::vector<std::byte> bytes;
  for (std::int64_t i = 0; i < block * 100; ++i) bytes.push_back(static_cast<std::byte>(i * (block + 3)));
  return bytes;
}

void append_missing(BlockJournal& journal, std::int64_t before = kBlocks) {
  for (const auto block : journal.missing())
    if (block < before && block % world().size() == world().rank()) journal.append(block, content(block));
}

void check_content(const BlockJournal& journal) {
  CHECK(journal.missing().empty());
  CHECK(journal.found() == kBlocks);
  for (std::int64_t block = 0; block < kBlocks; ++block) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(journal.size(block)));
    journal.read(block, 0, bytes.data(), journal.size(block));
    CHECK(bytes == content(block));
  }
}

std::vector<std::string> files_of(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".blocks") files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  return files;
}

// One rank's journal of all blocks, which lie in one file in their order.
std::string one_file(const std::string& folder) {
  BlockJournal journal = open_journal(folder, recipe(), false, "any", Communicator::self());
  for (const auto block : journal.missing()) journal.append(block, content(block));
  return files_of(folder).at(0);
}

void flip_bit(const std::string& path, std::int64_t byte) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(byte);
  const int there = file.get();
  file.seekp(byte);
  file.put(static_cast<char>(there ^ 16));
}

// Where the header of a block lies in one_file().
std::int64_t header_of(std::int64_t block) {
  std::int64_t at = 0;
  for (std::int64_t b = 0; b < block; ++b) at += 32 + b * 100;
  return at;
}

std::vector<std::int64_t> missing_alone(const std::string& folder) {
  return open_journal(folder, recipe(), false, "any", Communicator::self()).missing();
}

}  // namespace

TEST_CASE("a journal that is left goes on where it was, with what every rank wrote") {
  const TemporaryFolder folder;
  {
    BlockJournal journal = open_journal(folder / "x.partial");
    CHECK(std::ssize(journal.missing()) == kBlocks);
    append_missing(journal, 6);
    journal.sync();
    world().barrier();
  }
  BlockJournal journal = open_journal(folder / "x.partial");
  CHECK(journal.found() == 6);
  CHECK(journal.missing() == std::vector<std::int64_t>{6, 7, 8, 9, 10});
  append_missing(journal);
  journal.look();
  check_content(journal);
  std::byte one{};
  CHECK_THROWS_WITH_AS(journal.read(3, 300, &one, 1), doctest::Contains("block 3 of 300 bytes where more are wanted"),
                       FileError);
  world().barrier();
  world().on_root([&] {
    journal.remove();
    CHECK_FALSE(fs::exists(folder / "x.partial"));
  });
}

TEST_CASE("what several ranks left is found by one, and the other way round") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.partial";
  {
    BlockJournal journal = open_journal(path);
    append_missing(journal, 7);
    world().barrier();
  }
  world().on_root([&] {
    CHECK(missing_alone(path) == std::vector<std::int64_t>{7, 8, 9, 10});
    BlockJournal alone = open_journal(path, recipe(), false, "any", Communicator::self());
    alone.append(9, content(9));
  });
  BlockJournal journal = open_journal(path);
  CHECK(journal.missing() == std::vector<std::int64_t>{7, 8, 10});
  append_missing(journal);
  journal.look();
  check_content(journal);
}

TEST_CASE("a torn or changed record is a block to do again, and those around it stay") {
  if (world().size() > 1) return;  // one rank looks at one file, however many there are
  const TemporaryFolder folder;
  const std::string path = folder / "x.partial";
  const std::string file = one_file(path);
  REQUIRE(missing_alone(path).empty());
  SUBCASE("cut off at any byte of the last record") {
    for (const std::int64_t left : {1, 31, 32, 33, 1031}) {
      fs::resize_file(file, static_cast<std::uintmax_t>(header_of(10) + left));
      CHECK(missing_alone(path) == std::vector<std::int64_t>{10});
    }
    fs::resize_file(file, static_cast<std::uintmax_t>(header_of(10)));
    CHECK(missing_alone(path) == std::vector<std::int64_t>{10});
  }
  SUBCASE("a bit of a payload") {
    flip_bit(file, header_of(4) + 32 + 17);
    CHECK(missing_alone(path) == std::vector<std::int64_t>{4});
  }
  SUBCASE("a bit of a header, after which nothing is believed") {
    for (std::int64_t byte = 0; byte < 32; ++byte) {
      flip_bit(file, header_of(8) + byte);
      CHECK(missing_alone(path) == std::vector<std::int64_t>{8, 9, 10});
      flip_bit(file, header_of(8) + byte);
    }
    CHECK(missing_alone(path).empty());
  }
  SUBCASE("nothing but zeros, as a file system may leave after a crash") {
    fs::resize_file(file, static_cast<std::uintmax_t>(header_of(9)));
    fs::resize_file(file, static_cast<std::uintmax_t>(header_of(10) + 500));
    CHECK(missing_alone(path) == std::vector<std::int64_t>{9, 10});
  }
  BlockJournal journal = open_journal(path, recipe(), false, "any", Communicator::self());
  for (const auto block : journal.missing()) journal.append(block, content(block));
  journal.look();
  check_content(journal);
}

TEST_CASE("whatever is done to the bytes, what is believed is what was written") {
  if (world().size() > 1) return;
  const TemporaryFolder folder;
  const std::string path = folder / "x.partial", file = one_file(path), kept = folder / "kept";
  fs::copy_file(file, kept);
  const auto length = static_cast<std::int64_t>(fs::file_size(kept));
  std::int64_t lost = 0;
  for (std::uint32_t trial = 0; trial < 300; ++trial) {
    const Random random(1, Purpose::test_data, trial);
    fs::copy_file(kept, file, fs::copy_options::overwrite_existing);
    for (std::uint64_t change = 0; change < 1 + trial % 4; ++change) {
      // Mostly headers: of the payloads every bit has the same meaning.
      const std::int64_t block = random.below(10 * change, kBlocks);
      const std::int64_t at =
          trial % 2 == 0 ? header_of(block) + random.below(10 * change + 1, 32) : random.below(10 * change + 1, length);
      std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekp(at);
      bytes.put(static_cast<char>(random.bits(10 * change + 2)));
    }
    if (trial % 5 == 0) fs::resize_file(file, static_cast<std::uintmax_t>(random.below(99, length + 1)));
    const BlockJournal journal = open_journal(path, recipe(), false, "any", Communicator::self());
    lost += std::ssize(journal.missing());
    for (std::int64_t block = 0; block < kBlocks; ++block) {
      if (std::binary_search(journal.missing().begin(), journal.missing().end(), block)) continue;
      std::vector<std::byte> bytes(static_cast<std::size_t>(journal.size(block)));
      journal.read(block, 0, bytes.data(), journal.size(block));
      CHECK(bytes == content(block));
    }
  }
  CHECK(lost > 300);
}

TEST_CASE("what another recipe began is kept unless overwriting was asked for, another layout begins anew") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.partial";
  {
    BlockJournal journal = open_journal(path);
    append_missing(journal);
    world().barrier();
  }
  CHECK_THROWS_WITH_AS(open_journal(path, recipe("cnn")), doctest::Contains("detector: sift then, cnn now"),
                       InvalidArgument);
  CHECK(open_journal(path, recipe(), true).missing().empty());  // of the same recipe it goes on
  CHECK(std::ssize(open_journal(path, recipe("cnn"), true).missing()) == kBlocks);
  {
    BlockJournal journal = open_journal(path, recipe("cnn"));
    append_missing(journal);
    world().barrier();
  }
  CHECK(std::ssize(open_journal(path, recipe("cnn"), false, "other").missing()) == kBlocks);
}

TEST_CASE("nothing is written through a link, and what has no recipe was not begun") {
  const TemporaryFolder folder;
  world().on_root([&] {
    fs::create_directory(folder / "elsewhere");
    fs::create_symlink(folder / "elsewhere", folder / "x.partial");
    std::ofstream(folder / "y.partial") << "text";
    fs::create_directory(folder / "z.partial");
  });
  CHECK_THROWS_WITH_AS(open_journal(folder / "x.partial"), doctest::Contains("is a link"), Error);
  CHECK_THROWS_WITH_AS(open_journal(folder / "y.partial"), doctest::Contains("is a file"), Error);
  CHECK(std::ssize(open_journal(folder / "z.partial").missing()) == kBlocks);
  world().on_root([&] { std::ofstream(folder / "z.partial/recipe") << "{"; });
  CHECK(std::ssize(open_journal(folder / "z.partial").missing()) == kBlocks);
}

}  // namespace coterie
