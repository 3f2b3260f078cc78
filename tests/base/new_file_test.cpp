#include "coterie/base/new_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace fs = std::filesystem;
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a file is not there until it is finished, and then it is whole") {
  const TemporaryFolder folder;
  const std::string path = folder / "table.csv", large(700'000, 'x');
  {
    NewFile file(path);
    file.write("a,b\n");
    file.write(large);
    CHECK_FALSE(fs::exists(path));
    file.finish();
  }
  CHECK(content(path) == "a,b\n" + large);
  NewFile(path).write("given up");
  CHECK(content(path) == "a,b\n" + large);
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("an end of the program removes what is unfinished, in folders, too, and keeps what is finished") {
  const TemporaryFolder folder;
  NewFile file(folder / "table.csv");
  write_new_file(folder / "finished.csv", "a");
  fs::create_directories(folder.path() / "page.tmp" / "inner");
  const Unfinished page(folder / "page.tmp");
  const pid_t child = fork();
  if (child == 0) {
    remove_unfinished();
    _exit(0);
  }
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK(content(folder / "finished.csv") == "a");
  CHECK(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("nothing is written through links that lie in its way, living or dangling") {
  const TemporaryFolder folder;
  const std::string path = folder / "page.html", victim = folder / "victim", nowhere = folder / "nowhere";
  for (const std::string& place : {path, path + ".tmp"})
    for (const std::string& target : {victim, nowhere}) {
      CAPTURE(place);
      CAPTURE(target);
      write_new_file(victim, "precious");
      fs::remove(path);
      fs::create_symlink(target, place);
      write_new_file(path, "new");
      CHECK(content(victim) == "precious");
      CHECK_FALSE(fs::exists(nowhere));
      CHECK(content(path) == "new");
      CHECK_FALSE(fs::is_symlink(path));
    }
}

TEST_CASE("who may read a new file is what the umask says") {
  const TemporaryFolder folder;
  for (const mode_t mask : {0077, 0022, 0007}) {
    const mode_t before = umask(mask);
    write_new_file(folder / "file", "x");
    make_folder_inside(folder.path(), std::to_string(mask));
    umask(before);
    struct stat status {};
    REQUIRE(stat((folder / "file").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == (0666 & ~mask));
    REQUIRE(stat((folder / std::to_string(mask)).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == (0777 & ~mask));
  }
}

TEST_CASE("a folder inside is made or found, but neither a link nor a file passes for one") {
  const TemporaryFolder folder;
  make_folder_inside(folder.path(), "a");
  make_folder_inside(folder.path(), "a");
  CHECK(fs::is_directory(folder / "a"));
  fs::create_directory_symlink(folder / "a", folder / "link");
  write_new_file(folder / "file", "");
  for (const char* name : {"link", "file"})
    CHECK_THROWS_WITH_AS(make_folder_inside(folder.path(), name), doctest::Contains("writes through no link"),
                         FileError);
  CHECK_THROWS_AS(make_folder_inside(folder / "missing", "x"), FileError);
}

TEST_CASE("what cannot be written or cleared names the file") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(write_new_file(folder / "no/file", "x"), doctest::Contains("no/file: cannot be written"),
                       FileError);
  fs::create_directory(folder / "full.tmp");
  CHECK_THROWS_WITH_AS(write_new_file(folder / "full", "x"), doctest::Contains("is in the way"), FileError);
  NewFile file(folder / "taken");
  fs::create_directory(folder / "taken");
  CHECK_THROWS_WITH_AS(file.finish(), doctest::Contains("taken: cannot be written"), FileError);
  CHECK_FALSE(fs::exists(folder / "taken.tmp"));
  CHECK_THROWS_WITH_AS(write_new_file("/dev/full/x", "x"), doctest::Contains("/dev/full/x"), FileError);
  CHECK_THROWS_AS(make_folder("/dev/null/x"), FileError);
}

TEST_CASE("folders are removed, and files linked and copied, or the error names the place") {
  const TemporaryFolder folder;
  write_new_file(folder / "file", "x");
  fs::create_directories(folder.path() / "old" / "inner");
  remove_folder(folder / "old");
  remove_folder(folder / "old");
  CHECK_FALSE(fs::exists(folder / "old"));
  CHECK_THROWS_WITH_AS(remove_folder("/proc/self/fd"), doctest::Contains("/proc/self/fd: cannot be removed"),
                       FileError);
  make_link(folder / "link", folder / "file");
  CHECK(fs::read_symlink(folder / "link") == folder / "file");
  CHECK_THROWS_WITH_AS(make_link(folder / "link", "elsewhere"),
                       doctest::Contains("link: cannot be made a link to else"), FileError);
  link_or_copy(folder / "file", folder / "same");
  CHECK(fs::equivalent(folder / "file", folder / "same"));
  link_or_copy("/proc/self/comm", folder / "copy");  // of another file system
  CHECK(fs::is_regular_file(folder / "copy"));
  CHECK_THROWS_WITH_AS(link_or_copy(folder / "missing", folder / "none"),
                       doctest::Contains("none: cannot be made from"), FileError);
}

TEST_CASE("why a file cannot be written comes with a way out") {
  CHECK(write_fault("/tmp/x", ENOSPC).find("disk is full: free some space") != std::string::npos);
  CHECK(write_fault("/tmp/x", EDQUOT).find("quota") != std::string::npos);
  CHECK(write_fault("/tmp/x", EROFS).find("read-only") != std::string::npos);
  CHECK(write_fault("/tmp/x", EACCES).find("may not write") != std::string::npos);
}

}  // namespace coterie
