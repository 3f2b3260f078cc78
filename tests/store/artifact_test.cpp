#include "coterie/store/artifact.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <numeric>

#include "coterie/base/errors.hpp"
#include "coterie/h5/objects.hpp"
#include "coterie/store/store_rows.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

constexpr std::int64_t kRows = 101, kColumns = 7;

const Communicator& world() { return Communicator::world(); }

std::vector<float> numbers() {
  std::vector<float> values(kRows * kColumns);
  std::iota(values.begin(), values.end(), 0.5F);
  return values;
}

// Each rank writes the rows it owns.
void write_sample(const std::string& path) {
  ArtifactWriter writer(path, Recipe("sample", 1), world());
  writer.create<float>("rows", {kRows, kColumns});
  const auto all = numbers();
  const RowRange mine = RowPartition(kRows, 4, world().size()).rows_of(world().rank());
  writer.write_rows<float>("rows", mine.begin,
                           std::span(all).subspan(static_cast<std::size_t>(mine.begin * kColumns),
                                                  static_cast<std::size_t>(mine.size() * kColumns)));
  writer.put<std::int64_t>("k=3/sizes", {3}, std::vector<std::int64_t>{5, 6, 7});
  writer.attribute("note", "caf\xc3\xa9");
  writer.finish();
}

void flip_byte(const std::string& path, std::int64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const auto byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(at);
  file.put(byte);
}

}  // namespace

TEST_CASE("what the ranks wrote together, each of them reads back") {
  const TemporaryFolder folder;
  const std::string path = folder / "sub/sample.h5";
  write_sample(path);
  const ArtifactReader reader(path);
  CHECK(reader.read<float>("rows") == numbers());
  CHECK(reader.read<std::int64_t>("k=3/sizes") == std::vector<std::int64_t>{5, 6, 7});
  CHECK(reader.attribute("note") == "caf\xc3\xa9");
  CHECK(reader.children("/") == std::vector<std::string>{"k=3", "rows"});
  CHECK(reader.recipe().stage() == "sample");
  CHECK(reader.type("rows") == "float32");
  CHECK(reader.type("k=3/sizes") == "int64");
  CHECK(reader.damaged().empty());
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
  CHECK_THROWS_WITH_AS(reader.read<float>("nothing"), doctest::Contains("no dataset \"nothing\""), FileError);
}

TEST_CASE("rows stream through any window, with rows left out") {
  const TemporaryFolder folder;
  write_sample(folder / "sample.h5");
  const ArtifactReader reader(folder / "sample.h5");
  const StoreRows all(reader, "rows");
  std::vector<float> window(3 * kColumns);
  all.read({50, 53}, window.data());
  CHECK(window.front() == 50 * kColumns + 0.5F);
  CHECK(window.back() == 53 * kColumns - 0.5F);
  const StoreRows some(reader, "rows", std::vector<std::int64_t>{0, 1, 7, 100});
  REQUIRE(some.rows() == 4);
  some.read({1, 4}, window.data());
  CHECK(window[0] == 1 * kColumns + 0.5F);
  CHECK(window[kColumns] == 7 * kColumns + 0.5F);
  CHECK(window[2 * kColumns] == 100 * kColumns + 0.5F);
  CHECK(StoreRows(reader, "rows", std::vector<std::int64_t>{}).rows() == 0);
}

TEST_CASE("rows are streamed of a matrix of float32 alone, and of rows that are there") {
  const TemporaryFolder folder;
  const std::string path = folder / "sample.h5";
  {
    ArtifactWriter writer(path, Recipe("sample", 1), world());
    writer.create<double>("wide", {4, 4});
    writer.create<float>("flat", {16});
    writer.put<float>("rows", {2, 3}, std::vector<float>(6, 1));
    writer.finish();
  }
  const ArtifactReader reader(path);
  CHECK_THROWS_WITH_AS(StoreRows(reader, "wide"),
                       doctest::Contains("sample.h5: its dataset \"wide\" is float64 (4 × 4)"), FileError);
  CHECK_THROWS_WITH_AS(StoreRows(reader, "flat"), doctest::Contains("\"flat\" is float32 (16), not a matrix"),
                       FileError);
  CHECK_THROWS_WITH_AS(StoreRows(reader, "none"), doctest::Contains("no dataset \"none\""), FileError);
  for (const std::vector<std::int64_t>& rows : {std::vector<std::int64_t>{0, 2}, {-1, 0}, {1, 0}, {1, 1}})
    CHECK_THROWS_WITH_AS(StoreRows(reader, "rows", rows), doctest::Contains("\"rows\" has 2 rows"), FileError);
}

TEST_CASE("rows that a shape promises and the file does not hold are refused, however many") {
  const TemporaryFolder folder;
  const std::string path = folder / "sample.h5";
  write_sample(path);
  if (world().is_root())
    for (const auto& [name, rows] : {std::pair<const char*, hsize_t>{"few", 9}, {"many", hsize_t{1} << 60}}) {
      const h5::Id file = h5::open_file(path, true);  // a dataset that nobody writes is given no place
      const h5::Id dataset(H5Dcreate2(file, name, H5T_IEEE_F32LE,
                                      h5::simple_space({static_cast<std::int64_t>(rows), 1}), H5P_DEFAULT, H5P_DEFAULT,
                                      H5P_DEFAULT));
      REQUIRE(dataset >= 0);
    }
  world().barrier();
  const ArtifactReader reader(path);
  CHECK(reader.place("rows").bytes == kRows * kColumns * 4);
  for (const char* name : {"few", "many"}) {
    CHECK_THROWS_WITH_AS(reader.place(name), doctest::Contains("has 0 bytes where"), FileError);
    CHECK_THROWS_WITH_AS(StoreRows(reader, name), doctest::Contains("coterie sample --overwrite makes it anew"),
                         FileError);
  }
}

TEST_CASE("a flipped bit in a dataset is found, and named") {
  const TemporaryFolder folder;
  const std::string path = folder / "sample.h5";
  write_sample(path);
  const std::string before = ArtifactReader(path).digest();
  if (world().is_root()) flip_byte(path, ArtifactReader(path).place("rows").offset + 99);
  world().barrier();
  CHECK(ArtifactReader(path).damaged() == std::vector<std::string>{"rows"});
  CHECK(ArtifactReader(path).digest() == before);  // the digest is of what was written
}

TEST_CASE("a writer that is given up leaves the earlier artifact alone") {
  const TemporaryFolder folder;
  const std::string path = folder / "sample.h5";
  write_sample(path);
  {
    ArtifactWriter writer(path, Recipe("other", 1), world());
    writer.create<float>("rows", {2, 2});
  }
  world().barrier();
  CHECK(ArtifactReader(path).recipe().stage() == "sample");
  CHECK_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST_CASE("texts of any bytes come back") {
  const TemporaryFolder folder;
  const std::vector<std::string> texts = {"a b.png", "", "caf\xe9\n\"x\".jpg"};
  if (world().is_root()) {
    ArtifactWriter writer(folder / "texts.h5", Recipe("texts", 1), Communicator::self());
    writer.put_texts("path", texts);
    writer.put_texts("none", {});
    writer.finish();
  }
  world().barrier();
  const ArtifactReader reader(folder / "texts.h5");
  CHECK(reader.texts("path") == texts);
  CHECK(reader.type("path") == "text");
  CHECK(reader.texts("none").empty());
  CHECK(reader.damaged().empty());
}

TEST_CASE("no artifact, a foreign file, a cut one and an unwritable place are errors that name the file") {
  const TemporaryFolder folder;
  const std::string path = folder / "x.h5";
  CHECK_THROWS_AS(ArtifactReader{path}, FileError);
  if (world().is_root()) std::ofstream(path) << "no HDF5 at all";
  world().barrier();
  CHECK_THROWS_WITH_AS(ArtifactReader{path}, doctest::Contains("is no HDF5 file"), FileError);
  world().barrier();
  write_sample(path);
  if (world().is_root()) std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  world().barrier();
  CHECK_THROWS_AS(ArtifactReader{path}, FileError);
  CHECK_THROWS_AS(ArtifactWriter("/proc/nothing/x.h5", Recipe("sample", 1), world()), Error);
}

}  // namespace coterie
