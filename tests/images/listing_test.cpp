#include "coterie/images/listing.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "coterie/base/errors.hpp"
#include "coterie/images/natural_order.hpp"
#include "tar_files.hpp"
#include "temporary_folder.hpp"

namespace coterie {

namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

void write(const std::string& path, const std::string& text = "x") {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

bool has_problem(const ImageList& list, const std::string& path, const std::string& reason) {
  return std::any_of(list.problems.begin(), list.problems.end(), [&](const auto& problem) {
    return problem.path == path && problem.reason.find(reason) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a folder is listed recursively in natural order, with its top folders") {
  const TemporaryFolder folder;
  for (const char* name :
       {"b/10.jpg", "b/9.jpg", "a/deep/1.PNG", "top.webp", "b/notes.txt", ".hidden.jpg", ".git/x.png"})
    write(folder / name);
  const ImageList list = list_images({folder.path().string()});
  CHECK(list.paths == Strings{"a/deep/1.PNG", "b/9.jpg", "b/10.jpg", "top.webp"});
  CHECK(list.columns == Strings{"folder"});
  CHECK(list.values == std::vector<Strings>{{"a", "b", "b", ""}});
  CHECK(list.passed_over == 3);
  CHECK(passed_over_text(list) == "1 .txt, 2 hidden or others");
  CHECK(list.problems.empty());
  CHECK(image_file(list.root, list.paths[1]) == folder / "b/9.jpg");
}

TEST_CASE("files that hold pictures in another form are counted by their suffix, with the way to images") {
  const TemporaryFolder folder;
  for (const char* name : {"1.CR2", "2.cr2", "a.pdf", "README"}) write(folder / name);
  const std::string text = passed_over_text(list_images({folder.path().string()}));
  CHECK(text.find("2 .cr2 (camera raw; develop it: ") == 0);
  CHECK(text.find("1 .pdf (PDF; ") != std::string::npos);
  CHECK(text.find("1 without a suffix") != std::string::npos);
}

TEST_CASE("an image or an archive in place of a list is named") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& bytes, const char* with) {
    write(folder / "list", bytes);
    CHECK_THROWS_WITH_AS(list_images({folder / "list"}), doctest::Contains(with), InvalidArgument);
  };
  refused("\xFF\xD8\xFF\xE0", "an image (JPEG)");
  refused(std::string("PK\x03\x04\0\0", 6), "a ZIP archive; unpack it");
}

TEST_CASE("blanks, quotes, newlines, accents and bytes that are not UTF-8 survive") {
  const TemporaryFolder folder;
  Strings names = {"a b.jpg", "it's \"so\".jpg", "new\nline.jpg", "\xC3\xA9t\xC3\xA9.jpg", "\xFF\xFE.jpg", "-rf.jpg"};
  for (const std::string& name : names) write(folder / name);
  Strings listed = list_images({folder.path().string()}).paths;
  std::sort(names.begin(), names.end());
  std::sort(listed.begin(), listed.end());
  CHECK(listed == names);
}

TEST_CASE("links are followed once, loops and links to nothing are reported") {
  const TemporaryFolder folder;
  write(folder / "a/1.jpg");
  fs::create_directory_symlink("../a", folder.path() / "a" / "loop");
  fs::create_directory_symlink("a", folder.path() / "again");
  fs::create_symlink("nowhere.jpg", folder.path() / "gone.jpg");
  const ImageList list = list_images({folder.path().string()});
  CHECK(list.paths == Strings{"a/1.jpg", "again/1.jpg"});
  CHECK(has_problem(list, "a/loop", "leads back"));
  CHECK(has_problem(list, "gone.jpg", "link to nothing"));
  ListingOptions options{folder.path().string()};
  options.follow_links = false;
  CHECK(list_images(options).paths == Strings{"a/1.jpg"});
}

TEST_CASE("the list does not depend on the threads") {
  const TemporaryFolder folder;
  for (int i = 0; i < 40; ++i)
    for (int j = 0; j < 25; ++j) write(folder / fmt::format("{}/{}/{}.jpg", i % 7, i, j));
  fs::create_directory_symlink("../..", folder.path() / "3" / "3" / "up");
  const ImageList alone = list_images({folder.path().string()});
  CHECK(alone.paths.size() == 1000);
  CHECK(std::is_sorted(alone.paths.begin(), alone.paths.end(), natural_less));
  ListingOptions options{folder.path().string()};
  options.threads = 8;
  for (int round = 0; round < 5; ++round) {
    const ImageList together = list_images(options);
    CHECK(together.paths == alone.paths);
    CHECK(has_problem(together, "3/3/up", "leads back"));
    CHECK(together.problems.size() == 1);
  }
}

TEST_CASE("a tar in a folder is taken as a folder of that name, beside the files there") {
  const TemporaryFolder folder;
  write(folder / "b/9.jpg");
  write(folder / "b/shard.tar", tar_member("10.jpg", "x") + tar_member("cats/2.jpg", "yy") + tar_end());
  write(folder / "n01.tar", tar_member("dogs/1.jpg", "x") + tar_member("n01_1.jpg", "zzz") + tar_end());
  write(folder / "torn.tar", tar_member("1.jpg", "x") + std::string(100, 'x'));
  const ImageList list = list_images({folder.path().string()});
  CHECK(list.paths == Strings{"b/9.jpg", "b/shard.tar/10.jpg", "b/shard.tar/cats/2.jpg", "n01.tar/dogs/1.jpg",
                              "n01.tar/n01_1.jpg", "torn.tar/1.jpg"});
  CHECK(list.values == std::vector<Strings>{{"b", "b", "b", "dogs", "n01", "torn"}});
  CHECK(has_problem(list, "torn.tar", "inside a header"));
  CHECK(place_of(list, 0).bytes == -1);
  const ImagePlace place = place_of(list, 4);
  CHECK(place.file == folder / "n01.tar");
  CHECK(place.offset == 1536);
  CHECK(place.bytes == 3);
}

TEST_CASE("one shard, or a pattern of shards, is a collection; sidecars are its columns") {
  const TemporaryFolder folder;
  for (int i : {0, 2})
    write(folder / fmt::format("set/{:02}.tar", i),
          tar_member("10.jpg", "x") + tar_member("9.jpg", "y") + tar_member("9.cls", fmt::to_string(i)) + tar_end());
  const ImageList list = list_images({folder / "set/{00..02}.tar"});
  CHECK(list.root == folder / "set/");
  CHECK(list.paths == Strings{"00.tar/9.jpg", "00.tar/10.jpg", "02.tar/9.jpg", "02.tar/10.jpg"});
  CHECK(list.columns == Strings{"folder", "cls"});
  CHECK(list.values == std::vector<Strings>{{"00", "00", "02", "02"}, {"0", "", "2", ""}});
  CHECK(has_problem(list, "01.tar", "no such shard"));
  CHECK(list_images({folder / "set/02.tar"}).paths == Strings{"02.tar/9.jpg", "02.tar/10.jpg"});
  CHECK_THROWS_AS(list_images({folder / "set/{5..6}.tar"}), FileError);
  CHECK_THROWS_WITH_AS(list_images({folder / "set/{5..6}.zip"}), doctest::Contains("no tar shard"), InvalidArgument);
}

TEST_CASE("a folder without permission is a problem, not the end") {
  if (geteuid() == 0) return;  // root reads everything
  const TemporaryFolder folder;
  write(folder / "open/1.jpg");
  write(folder / "shut/2.jpg");
  fs::permissions(folder.path() / "shut", fs::perms::none);
  const ImageList list = list_images({folder.path().string()});
  fs::permissions(folder.path() / "shut", fs::perms::owner_all);
  CHECK(list.paths == Strings{"open/1.jpg"});
  CHECK(has_problem(list, "shut", "cannot be read"));
}

TEST_CASE("a text list keeps its order, names each file once and reads CRLF") {
  const TemporaryFolder folder;
  const std::string inside = folder / "z/in.jpg";
  write(folder / "list.txt", "b/2.jpg\r\n\r\n./b/../b/2.jpg\n" + inside + "\n/elsewhere/3.jpg\nplain.jpg");
  const ImageList list = list_images({folder / "list.txt"});
  CHECK(list.root == folder.path().string());
  CHECK(list.paths == Strings{"b/2.jpg", "z/in.jpg", "/elsewhere/3.jpg", "plain.jpg"});
  CHECK(list.values[0] == Strings{"b", "z", "", ""});
  CHECK(has_problem(list, folder / "list.txt:3", "occurs again"));
  CHECK(image_file(list.root, list.paths[2]) == "/elsewhere/3.jpg");
}

TEST_CASE("a table's other columns are kept as metadata") {
  const TemporaryFolder folder;
  write(folder / "meta.csv", "year,filename,title\n1901,a/1.jpg,\"one, two\"\n1902,2.jpg,\n1903,a/1.jpg,again\n,,\n");
  const ImageList list = list_images({folder / "meta.csv", "/photos"});
  CHECK(list.root == "/photos");
  CHECK(list.paths == Strings{"a/1.jpg", "2.jpg"});
  CHECK(list.columns == Strings{"folder", "year", "title"});
  CHECK(list.values == std::vector<Strings>{{"a", ""}, {"1901", "1902"}, {"one, two", ""}});
  CHECK(has_problem(list, folder / "meta.csv:4", "occurs again"));
  CHECK(has_problem(list, folder / "meta.csv:5", "no path"));
}

TEST_CASE("tables as Excel writes them, and headers in other words") {
  const TemporaryFolder folder;
  write(folder / "de.csv", "Bild ID;File Name;Titel\r\n1;a.jpg;M\xFCller\r\n");
  const ImageList german = list_images({folder / "de.csv"});
  CHECK(german.paths == Strings{"a.jpg"});
  CHECK(german.columns == Strings{"folder", "Bild ID", "Titel"});
  CHECK(german.values.back() == Strings{"M\xC3\xBCller"});
  REQUIRE(german.notes.size() == 2);
  CHECK(german.notes[0].find("the column File Name") != std::string::npos);
  CHECK(german.notes[1].find("Windows-1252") != std::string::npos);
  const std::string wide("\xFF\xFEP\0a\0t\0h\0\t\0k\0\n\0a\0\t\0b\0\n\0", 24);
  write(folder / "wide.tsv", wide);
  CHECK(list_images({folder / "wide.tsv"}).columns == Strings{"folder", "k"});
  write(folder / "other.csv", "Bild,Titel\na.jpg,x\n");
  CHECK_THROWS_WITH_AS(list_images({folder / "other.csv"}), doctest::Contains("--path-column"), InvalidArgument);
}

TEST_CASE("bytes that are no UTF-8 stay where they name a file, and are Windows-1252 elsewhere") {
  const TemporaryFolder folder;
  write(folder / "list.txt", "\xE9t\xE9.jpg\n");
  write(folder / "list.csv", "path,k\n\xE9t\xE9.jpg,\xFC\n");
  for (const char* name : {"list.txt", "list.csv"}) {
    CHECK(list_images({folder / name}).paths == Strings{"\xC3\xA9t\xC3\xA9.jpg"});
    ListingOptions bytes{folder / name};
    bytes.encoding = Encoding::bytes;
    CHECK(list_images(bytes).paths == Strings{"\xE9t\xE9.jpg"});
  }
  write(folder / "\xE9t\xE9.jpg");
  CHECK(list_images({folder / "list.txt"}).paths == Strings{"\xE9t\xE9.jpg"});
  const ImageList table = list_images({folder / "list.csv"});
  CHECK(table.paths == Strings{"\xE9t\xE9.jpg"});
  CHECK(table.values.back() == Strings{"\xFC"});
}

TEST_CASE("an apostrophe that our own tables put before a path is taken off where only that names a file") {
  const TemporaryFolder folder;
  write(folder / "=a.jpg");
  write(folder / "'b.jpg");
  write(folder / "own.csv", "path\n'=a.jpg\n'b.jpg\n'gone.jpg\n");
  CHECK(list_images({folder / "own.csv"}).paths == Strings{"=a.jpg", "'b.jpg", "'gone.jpg"});
}

TEST_CASE("by content, files whose names say nothing are taken if they are images, in folders and in shards") {
  const TemporaryFolder folder;
  const std::string jpeg = "\xFF\xD8\xFF\xE0 and more";
  write(folder / "a/1.jpg_orig", jpeg);
  write(folder / "a/2", jpeg);
  write(folder / "a/3.jpg");
  write(folder / "a/notes", "text");
  write(folder / "s.tar",
        tar_member("k/4", jpeg) + tar_member("k/4.txt", "four") + tar_member("k/5.bin", "x") + tar_end());
  CHECK(list_images({folder.path().string()}).paths == Strings{"a/3.jpg"});
  ListingOptions options{folder.path().string()};
  options.by_content = true;
  const ImageList list = list_images(options);
  CHECK(list.paths == Strings{"a/1.jpg_orig", "a/2", "a/3.jpg", "s.tar/k/4"});
  CHECK(list.columns == Strings{"folder", "txt"});
  CHECK(list.values.back() == Strings{"", "", "", "four"});
  CHECK(list.passed_over == 2);
}

TEST_CASE("folders are those of the path as if shards were unpacked, level by level") {
  ShardTable shards;
  shards.shards = {{"set/00.tar", 0, nullptr}, {"n01.tar", 0, nullptr}};
  shards.shard = {-1, 0, 1, 1};
  CHECK(folders_of(shards, "a/b/1.jpg", 0) == "a/b");
  CHECK(folders_of(shards, "set/00.tar/cats/1.jpg", 1) == "set/cats");
  CHECK(folders_of(shards, "n01.tar/1.jpg", 2) == "n01");
  CHECK(folders_of(shards, "n01.tar/dogs/1.jpg", 3) == "dogs");
  CHECK(folders_of({}, "/elsewhere/1.jpg", 0).empty());
  CHECK(folder_at("a/b/c", 1) == "a");
  CHECK(folder_at("a/b/c", 2) == "b");
  CHECK(folder_at("a/b/c", 3) == "c");
  CHECK(folder_at("a/b/c", 4).empty());
  CHECK(folder_at("", 1).empty());
}

TEST_CASE("the path column may be named, and a missing one is reported with those there are") {
  const TemporaryFolder folder;
  write(folder / "meta.tsv", "photo\tfolder\nx/1.jpg\tmine\n");
  CHECK_THROWS_WITH_AS(list_images({folder / "meta.tsv"}), doctest::Contains("photo, folder"), InvalidArgument);
  ListingOptions options{folder / "meta.tsv"};
  options.path_column = "photo";
  const ImageList list = list_images(options);
  CHECK(list.columns == Strings{"folder"});
  CHECK(list.values == std::vector<Strings>{{"mine"}});
  CHECK_THROWS_AS(list_images({folder / "nothing"}), FileError);
}

}  // namespace coterie
