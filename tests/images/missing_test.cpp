#include "coterie/images/missing.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "listing/text_repairs.hpp"
#include "temporary_folder.hpp"

namespace coterie {

namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

// "Zoë" and the syllable "gag", each as single characters and taken apart.
const std::string kZoe = "Zo\xC3\xAB", kZoeApart = "Zoe\xCC\x88", kGag = "\xEA\xB0\x81",
                  kGagApart = "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8";

void write(const std::string& path, const std::string& text = "x") {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// Six photographs below FOLDER/photos, in the folders a and b.
void write_photos(const TemporaryFolder& folder, const std::string& suffix = ".jpg") {
  for (const char* inner : {"a", "b"})
    for (const char* number : {"1", "2", "3"}) write(folder / ("photos/" + std::string(inner) + "/" + number + suffix));
}

/// What is found out about a list of these lines, none of which leads to a file, in FOLDER/lists.
std::optional<MissingCause> cause_of(const TemporaryFolder& folder, const Strings& lines,
                                     const std::string& name = "list.txt") {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  write(folder / ("lists/" + name), text);
  ListingOptions options;
  options.source = folder / ("lists/" + name);
  const ImageList list = list_images(options);
  std::vector<std::int64_t> missing(list.paths.size());
  std::iota(missing.begin(), missing.end(), 0);
  for (const auto& path : list.paths) REQUIRE_FALSE(fs::is_regular_file(image_file(list.root, path)));
  return why_missing(list, options, missing);
}

}  // namespace

TEST_CASE("where the paths of a list start is found among the folders around it") {
  const TemporaryFolder folder;
  write_photos(folder);
  const auto cause = cause_of(folder, {"a/1.jpg", "a/2.jpg", "b/3.jpg"});
  REQUIRE(cause);
  CHECK(cause->root == folder / "photos");
  CHECK(cause->edits.empty());
  CHECK(cause->found == folder / "photos/a/1.jpg");
  CHECK(cause_of(folder, {"photos/a/1.jpg", "photos/b/1.jpg"})->root == folder.path().string());
}

TEST_CASE("what is wrong with how paths are written is found by trying") {
  const TemporaryFolder folder;
  write_photos(folder);
  const auto found = [&](const Strings& lines, const std::string& edit, const std::string& name = "list.txt") {
    const auto cause = cause_of(folder, lines, name);
    REQUIRE(cause);
    CHECK(cause->root == folder / "photos");
    REQUIRE(cause->edits.size() >= 1);
    CHECK_MESSAGE(cause->edits.back().find(edit) != std::string::npos, cause->edits.back());
    CHECK(cause->found == folder / "photos/a/1.jpg");
  };
  found({"a\\1.jpg", "b\\2.jpg"}, "replace each \\ by /");
  found({"\"a/1.jpg\"", "\"b/2.jpg\""}, "quotation marks");
  found({"  a/1.jpg ", " b/2.jpg "}, "blanks");
  found({"A/1.JPG", "B/2.JPG"}, "as the files have them");
  found({"a/1", "b/2"}, "add .jpg");
  found({"a/1.jpg 0", "b/2.jpg 1"}, "path alone");
  found({"a/1.jpg,cat", "b/2.jpg,dog"}, "path alone");
  found({"file:///old/a/1.jpg", "file:///old/b/2.jpg"}, "remove file:///old/");
  found({"C:\\Users\\me\\a\\1.jpg", "C:\\Users\\me\\b\\2.jpg"}, "remove Users/me/");
  found({"https://example.org/x/a/1.jpg", "https://example.org/x/b/2.jpg"}, "remove https://example.org/x/");
  found({"path,label", "a/1,cat", "b/2,dog"}, "add .jpg", "table.csv");
}

TEST_CASE("accents in another form of Unicode are found") {
  const TemporaryFolder folder;
  write(folder / ("lists/" + kZoeApart + ".jpg"));
  write(folder / ("lists/" + kGag + ".jpg"));
  CHECK(cause_of(folder, {kZoe + ".jpg"})->edits.front().find("NFD") != std::string::npos);
  CHECK(cause_of(folder, {kGagApart + ".jpg"})->edits.front().find("NFC") != std::string::npos);
  CHECK(compare_spelling(kZoe, kZoeApart) == Spelling::unicode);
  CHECK(compare_spelling(kGag, kGagApart) == Spelling::unicode);
  CHECK(compare_spelling("Zoe", kZoeApart) == Spelling::other);
  CHECK(compare_spelling(kZoe, "Zoe") == Spelling::other);
  CHECK(compare_spelling("IMG_1.JPG", "img_1.jpg") == Spelling::letter_case);
  CHECK(compare_spelling("a", "b") == Spelling::other);
}

TEST_CASE("another column of a table that holds the paths is found") {
  const TemporaryFolder folder;
  write_photos(folder);
  const auto cause = cause_of(folder, {"image,where", "7,a/1.jpg", "8,b/2.jpg"}, "table.csv");
  REQUIRE(cause);
  CHECK(cause->path_column == "where");
  CHECK(cause->root == folder / "photos");
}

TEST_CASE("a study file and addresses are named, and where nothing helps nothing is made up") {
  const TemporaryFolder folder;
  CHECK(cause_of(folder, {"# mine", "[scan]", "images = few"}, "mine.ini")->what.find("study file") !=
        std::string::npos);
  CHECK(cause_of(folder, {"https://example.org/1.jpg"})->edits.front().find("download") != std::string::npos);
  CHECK_FALSE(cause_of(folder, {"a/1.jpg", "a/2.jpg"}));
}

TEST_CASE("what explains less than half of the paths is no cause") {
  const TemporaryFolder folder;
  write_photos(folder);
  CHECK_FALSE(cause_of(folder, {"a\\1.jpg", "x/8.jpg", "x/9.jpg"}));
}

}  // namespace coterie
