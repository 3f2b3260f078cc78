#include "coterie/images/shard.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "image_files.hpp"
#include "shards/index.hpp"
#include "tar_files.hpp"
#include "temporary_folder.hpp"

namespace coterie {

namespace {

using Strings = std::vector<std::string>;

ShardContents contents_of(const std::string& tar) {
  TarText input(tar);
  ShardContents contents;
  index_members(input, false, contents);
  return contents;
}

Strings names_of(const ShardContents& contents) {
  Strings names;
  for (const auto& image : contents.images) names.push_back(image.name);
  return names;
}

/// The reason of the problem with that name; "" where there is none.
std::string problem_of(const ShardContents& contents, const std::string& name) {
  for (const auto& problem : contents.problems)
    if (problem.name == name) return problem.reason;
  return "";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("images of a tar are listed with the places of their bytes") {
  const std::string first(700, 'a'), second(512, 'b');
  const std::string tar = tar_member("a/1.jpg", first) + tar_member("a/", "", '5') + tar_member("notes.md", "x") +
                          tar_member("2.PNG", second) + tar_member("._2.png", "x") + tar_member("3.png", "") +
                          tar_end();
  const ShardContents contents = contents_of(tar);
  REQUIRE(names_of(contents) == Strings{"a/1.jpg", "2.PNG", "3.png"});
  CHECK(contents.problems.empty());
  CHECK(contents.passed_over == 2);
  const auto bytes_of = [&](std::size_t i) {
    return tar.substr(static_cast<std::size_t>(contents.images[i].offset),
                      static_cast<std::size_t>(contents.images[i].bytes));
  };
  CHECK(bytes_of(0) == first);
  CHECK(bytes_of(1) == second);
  CHECK(contents.images[2].bytes == 0);
}

TEST_CASE("names come from ustar's prefix, GNU's long names and pax headers") {
  const std::string deep(150, 'd'), longer = std::string(300, 'e') + ".jpg", utf8 = "\xC3\xA9.jpg";
  const std::string gnu_magic("ustar  \0", 8);
  const std::string tar = tar_header("1.jpg", 1, '0', deep) + tar_padded("x") +
                          tar_member("././@LongLink", longer + '\0', 'L') + tar_member("cut off.jpg", "y") +
                          tar_header("gnu.jpg", 1, '0', "12345670123", gnu_magic) + tar_padded("z") +
                          tar_member("PaxHeader/x", pax_record("mtime", "1.5") + pax_record("path", utf8), 'x') +
                          tar_member("_.jpg", "w") + tar_member("after.jpg", "v") + tar_end();
  const ShardContents contents = contents_of(tar);
  CHECK(names_of(contents) == Strings{deep + "/1.jpg", longer, "gnu.jpg", utf8, "after.jpg"});
  CHECK(contents.problems.empty());
}

TEST_CASE("a size may come from a pax header or be written in binary, and sizes that no file has are damage") {
  const std::string data(600, 'q');
  std::string binary = tar_header("2.jpg", 0);
  binary.replace(124, 12, std::string("\x80\0\0\0\0\0\0\0\0\0\x02\x58", 12));
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(binary[i]);
  binary.replace(148, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  const ShardContents contents =
      contents_of(tar_member("x", pax_record("size", "600"), 'x') + tar_header("1.jpg", 0) + tar_padded(data) + binary +
                  tar_padded(data) + tar_member("3.jpg", "x") + tar_end());
  REQUIRE(names_of(contents) == Strings{"1.jpg", "2.jpg", "3.jpg"});
  CHECK(contents.images[0].bytes == 600);
  CHECK(contents.images[1].bytes == 600);
  for (const char* size : {"-1", "99999999999999999999", "6x", ""})
    CHECK(contains(
        contents_of(tar_member("0.jpg", "") + tar_member("x", pax_record("size", size), 'x')).problems[0].reason,
        "gives no size"));
}

TEST_CASE("links, devices, sparse and unknown members are refused by name, and what follows is read") {
  const std::string tar =
      tar_member("hard.jpg", "", '1') + tar_member("soft.jpg", "", '2') + tar_member("null", "", '3') +
      tar_member("pipe.jpg", "", '6') + tar_member("old.jpg", "data", 'S') +
      tar_member("x", pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.name", "new.jpg"), 'x') +
      tar_member("GNUSparseFile.0/new.jpg", "data") + tar_member("odd.jpg", "data", 'Q') +
      tar_member("good.jpg", "data") + tar_end();
  const ShardContents contents = contents_of(tar);
  CHECK(names_of(contents) == Strings{"good.jpg"});
  CHECK(contains(problem_of(contents, "hard.jpg"), "hard link"));
  CHECK(contains(problem_of(contents, "soft.jpg"), "symbolic link"));
  CHECK(contains(problem_of(contents, "null"), "device"));
  CHECK(contains(problem_of(contents, "pipe.jpg"), "pipe"));
  CHECK(contains(problem_of(contents, "old.jpg"), "sparse"));
  CHECK(contains(problem_of(contents, "new.jpg"), "sparse"));
  CHECK(contains(problem_of(contents, "odd.jpg"), "unknown type 81"));
}

TEST_CASE("a tar cut anywhere gives the images that are whole, and says that it was cut") {
  const std::string tar = tar_member("1.jpg", std::string(700, 'a')) + tar_member("1.txt", "words") +
                          tar_member("x", pax_record("path", "long/2.jpg"), 'x') +
                          tar_member("2.jpg", std::string(100, 'b')) + tar_member("3.jpg", std::string(512, 'c')) +
                          tar_end();
  const ShardContents whole = contents_of(tar);
  REQUIRE(whole.images.size() == 3);
  for (std::size_t cut = 0; cut < tar.size() - 512; ++cut) {
    const ShardContents contents = contents_of(tar.substr(0, cut));
    const auto held = std::count_if(whole.images.begin(), whole.images.end(), [&](const auto& image) {
      return image.offset + image.bytes <= static_cast<std::int64_t>(cut);
    });
    REQUIRE_MESSAGE(std::ssize(contents.images) == held, "cut at ", cut);
    REQUIRE_MESSAGE(contents.problems.size() == 1, "cut at ", cut);
  }
  CHECK(problem_of(contents_of(tar.substr(0, 1000)), "1.jpg") == "cut off: the file ends inside its data");
  CHECK(contents_of(tar.substr(0, tar.size() - 512)).problems.empty());
}

TEST_CASE("a damaged header ends the list there, and what lies behind the end is reported") {
  std::string tar = tar_member("1.jpg", "a") + tar_member("2.jpg", "b") + tar_end();
  const std::string two = tar + tar_member("3.jpg", "c") + tar_end();
  CHECK(contains(problem_of(contents_of(two), ""), "more lies behind"));
  CHECK(contents_of(two).images.size() == 2);
  tar[1024 + 3] ^= 1;
  CHECK(names_of(contents_of(tar)) == Strings{"1.jpg"});
  CHECK(contains(problem_of(contents_of(tar), ""), "damaged at byte 1024"));
  CHECK(contains(problem_of(contents_of(std::string(2000, 'x')), ""), "is no tar"));
}

TEST_CASE("names are keys: whatever they hold they are listed to the letter, but for a NUL") {
  const std::string tar =
      tar_member("../../etc/1.jpg", "a") + tar_member("/abs/2.jpg", "b") + tar_member("./3.jpg", "c") +
      tar_member("x", pax_record("path", std::string("4\0.jpg", 6)), 'x') + tar_member("4.jpg", "d") +
      tar_member("1.jpg", "e") + tar_member("1.jpg", "later") + tar_end();
  const ShardContents contents = contents_of(tar);
  REQUIRE(names_of(contents) == Strings{"../../etc/1.jpg", "/abs/2.jpg", "./3.jpg", "1.jpg"});
  CHECK(contains(problem_of(contents, "4"), "NUL"));
  CHECK(contains(problem_of(contents, "1.jpg"), "the later one counts"));
  CHECK(contents.images[3].bytes == 5);
}

TEST_CASE("files of one key give its images their columns") {
  const std::string tar =
      tar_member(
          "a/01.json",
          R"({"year": 1901, "title": "A \"b\"", "odd": [1], "deep": {"x": 1}, "ok": true, "no": null, "f": 0.5})") +
      tar_member("a/01.jpg", "x") + tar_member("a/01.seg.png", "y") + tar_member("a/01.TXT", "a caption\n") +
      tar_member("02.cls", "7\n") + tar_member("02.jpg", "z") +
      tar_member("02.json", R"({"cls": "other", "year": "?"})") + tar_member("b/01.jpg", "w") + tar_end();
  const ShardContents contents = contents_of(tar);
  REQUIRE(names_of(contents) == Strings{"a/01.jpg", "a/01.seg.png", "02.jpg", "b/01.jpg"});
  CHECK(contents.columns == Strings{"cls", "f", "no", "ok", "title", "txt", "year"});
  CHECK(contents.values == std::vector<Strings>{{"", "", "7", ""},
                                                {"0.5", "0.5", "", ""},
                                                {"", "", "", ""},
                                                {"true", "true", "", ""},
                                                {"A \"b\"", "A \"b\"", "", ""},
                                                {"a caption", "a caption", "", ""},
                                                {"1901", "1901", "?", ""}});
  CHECK(contents.problems.empty());
  CHECK(contents.passed_over == 0);
}

TEST_CASE("keys may hold dots, and a longer one precedes WebDataset's") {
  const std::string tar = tar_member("a.b/p.v2.jpg", "x") + tar_member("a.b/p.v2.txt", "\xEF\xBB\xBFlong") +
                          tar_member("a.b/p.txt", "short") + tar_member("a.b/p.json", R"({"year": 1901})") +
                          tar_member("q.jpg", "y") + tar_member("q.jpg.json", R"({"year": 1902})") + tar_end();
  const ShardContents contents = contents_of(tar);
  REQUIRE(names_of(contents) == Strings{"a.b/p.v2.jpg", "q.jpg"});
  CHECK(contents.columns == Strings{"txt", "year"});
  CHECK(contents.values == std::vector<Strings>{{"long", ""}, {"1901", "1902"}});
}

TEST_CASE("sidecars that cannot be used are reported, and the image stands without them") {
  const std::string tar = tar_member("1.jpg", "x") + tar_member("1.json", "{\"a\": ") + tar_member("2.json", "[1, 2]") +
                          tar_member("3.txt", std::string((1 << 20) + 1, ' ')) +
                          tar_member("4.txt", std::string("a\0b", 3)) +
                          tar_member("5.json", std::string(100'000, '[')) + tar_end();
  const ShardContents contents = contents_of(tar);
  CHECK(names_of(contents) == Strings{"1.jpg"});
  CHECK(contents.columns.empty());
  CHECK(contains(problem_of(contents, "1.json"), "does not parse"));
  CHECK(contains(problem_of(contents, "2.json"), "no object"));
  CHECK(contains(problem_of(contents, "3.txt"), "too many"));
  CHECK(contains(problem_of(contents, "4.txt"), "NUL"));
  CHECK(contains(problem_of(contents, "5.json"), "does not parse"));
}

TEST_CASE("a shard that is not there, or is no file, is a problem of the shard") {
  const TemporaryFolder folder;
  CHECK(problem_of(index_shard(folder / "gone.tar"), "") == "there is no such file");
  CHECK(problem_of(index_shard(folder.path().string()), "") == "not a regular file");
  CHECK(contains(problem_of(index_shard(write_bytes(folder / "empty.tar", "")), ""), "empty"));
  CHECK(has_shard_suffix("a/B.TAR"));
  CHECK(has_shard_suffix("a.tar.gz"));
  CHECK(has_shard_suffix("a.tgz"));
  CHECK_FALSE(has_shard_suffix("tar"));
  CHECK_FALSE(has_shard_suffix("a.tar.xz"));
}

}  // namespace coterie
