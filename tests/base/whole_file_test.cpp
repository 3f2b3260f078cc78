#include "coterie/base/whole_file.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a file appears whole or not at all, and what was there before stays until then") {
  const TemporaryFolder folder;
  const std::string path = folder / "table.csv";
  write_file(path, "old");
  {
    WholeFile file(path);
    file.stream() << "half";
  }
  CHECK(content(path) == "old");
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
  WholeFile file(path);
  file.stream() << "new";
  CHECK(content(path) == "old");
  file.finish();
  CHECK(content(path) == "new");
}

TEST_CASE("what cannot be written is told with its file and a way out") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH_AS(write_file(folder / "missing/x", "x"), doctest::Contains("missing/x: cannot be written"),
                       FileError);
  CHECK_THROWS_WITH_AS(write_file("/dev/full/x", "x"), doctest::Contains("/dev/full/x"), FileError);
  CHECK_THROWS_AS(make_folder("/dev/null/x"), FileError);
  CHECK(write_fault("/tmp/x", ENOSPC).find("disk is full: free some space") != std::string::npos);
  CHECK(write_fault("/tmp/x", EDQUOT).find("quota") != std::string::npos);
  CHECK(write_fault("/tmp/x", EROFS).find("read-only") != std::string::npos);
  CHECK(write_fault("/tmp/x", EACCES).find("may not write") != std::string::npos);
}

}  // namespace coterie
