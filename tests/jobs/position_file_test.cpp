// Positions that other programs made, and what is wrong with people's files of them.

#include "stages/position_file.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "coterie/base/errors.hpp"
#include "coterie/base/npy.hpp"

namespace coterie::jobs {
namespace {
namespace fs = std::filesystem;

const std::vector<std::string> kNames = {"a/1.jpg", "a/2.jpg", "b/1.jpg"};

class Folder {
 public:
  Folder() { fs::create_directories(path_); }
  ~Folder() { fs::remove_all(path_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return path_ / name;
  }

  std::string matrix(const std::vector<float>& values, std::int64_t rows, std::int64_t columns) const {
    write_npy(path_ / "m.npy", values.data(), {rows, columns});
    return path_ / "m.npy";
  }

 private:
  fs::path path_ = fs::temp_directory_path() / "coterie_position_file_test";
};

std::string refusal(const PositionFile& file, const std::vector<std::string>& names = kNames) {
  try {
    read_positions(file, names);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool says(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

TEST_CASE("a table gives positions by the paths, in any order and with rows that nobody asked for") {
  const Folder folder;
  const auto found = read_positions(
      {folder.write("t.csv", "id,path,x,y\n7,b/1.jpg,5,6\n8,a/2.jpg,3,4\n9,a/1.jpg,1,2\n9,other.jpg,0,0\n"), "", {}},
      kNames);
  CHECK(found.dimensions == 2);
  CHECK(found.values == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(found.passed_over == 1);
  CHECK(found.columns == "paths from the column path, positions from x, y");
}

TEST_CASE("columns are x, y and z, else the only ones with numbers, else those that are named") {
  const Folder folder;
  const std::string plain = folder.write("p.csv", "image;lon;lat\na/1.jpg;1,5;2\na/2.jpg;3;4\nb/1.jpg;5;6\n");
  CHECK(read_positions({plain, "", {}}, kNames).values.front() == 1.5F);
  const std::string many =
      folder.write("m.csv", "key,year,lat,lon,height\na/1.jpg,1900,1,2,3\na/2.jpg,1901,4,5,6\nb/1.jpg,1902,7,8,9\n");
  CHECK(says(refusal({many, "", {}}), "4 columns would be taken"));
  const auto named = read_positions({many, "", {"lon", "lat", "height"}}, kNames);
  CHECK(named.dimensions == 3);
  CHECK(named.values == std::vector<float>{2, 1, 3, 5, 4, 6, 8, 7, 9});
  CHECK(says(refusal({many, "", {"lon", "lot"}}), "no column lot"));
  CHECK(says(refusal({many, "kex", {"lon", "lat"}}), "--path-column: there is no column kex"));
}

TEST_CASE("a table that lacks an image, has one twice or holds no number is refused with line and way out") {
  const Folder folder;
  const std::string lacks = refusal({folder.write("l.csv", "path,x,y\n/data/a/1.jpg,1,2\nb/1.jpg,5,6\n"), "", {}});
  CHECK(says(lacks, "no position for 2 of 3 images, the first of them a/1.jpg; the table begins with /data/a/1.jpg"));
  CHECK(says(refusal({folder.write("d.csv", "path,x,y\na/1.jpg,1,2\na/1.jpg,5,6\n"), "", {}}),
             "line 3 gives a/1.jpg another position, which has one in line 2"));
  CHECK(says(refusal({folder.write("e.csv", "path,x,y\na/1.jpg,1,\na/2.jpg,5,6\nb/1.jpg,0,0\n"), "", {}}),
             "line 2, column y: there is no value"));
  CHECK(says(refusal({folder.write("n.csv", "path,x,y\na/1.jpg,1,2\na/2.jpg,inf,6\nb/1.jpg,0,0\n"), "", {}}),
             "line 3, column x"));
}

TEST_CASE("a matrix has a row for each image, and nothing but numbers") {
  const Folder folder;
  CHECK(read_positions({folder.matrix({1, 2, 3, 4, 5, 6}, 3, 2), "", {}}, kNames).values ==
        std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(says(refusal({folder.matrix({1, 2, 3, 4}, 2, 2), "", {}}), "2 rows, and there are 3 images"));
  CHECK(says(refusal({folder.matrix({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 4), "", {}}), "4 columns"));
  CHECK(
      says(refusal({folder.matrix({1, 2, 3, NAN, 5, 6}, 3, 2), "", {}}), "row 1 (a/2.jpg, counted from 0) holds nan"));
  CHECK(says(refusal({folder.write("x.txt", ""), "", {}}), "none of .npy, .csv, .tsv"));
}

}  // namespace
}  // namespace coterie::jobs
