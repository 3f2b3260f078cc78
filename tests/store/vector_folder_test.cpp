#include "coterie/store/vector_folder.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/store/joblib_array.hpp"
#include "coterie/store/joblib_dictionary.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

using namespace std::string_literals;

std::string raw(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// What joblib 0.13 wrote of an array of shape (1, 3) with pickle's protocol 3.
std::string old_file(const std::vector<float>& values) {
  return "\x80\x03"
         "cjoblib.numpy_pickle\nNumpyArrayWrapper\nq\0)\x81q\x01}q\x02(X\x08\0\0\0subclassq\x03"
         "cnumpy\nndarray\nq\x04X\x05\0\0\0shapeq\x05K\x01K\x03\x86q\x06X\x05\0\0\0orderq\x07X\x01\0\0\0Cq\x08X\x05\0\0"
         "\0"
         "dtypeq\tcnumpy\ndtype\nq\nX\x02\0\0\0"
         "f4q\x0bK\0K\x01\x87q\x0cRq\r(K\x03X\x01\0\0\0<q\x0eNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tq\x0f"
         "bX\n\0\0\0allow_mmapq\x10\x88ub"s +
         raw(values) + ".";
}

// And joblib 1.6 with protocol 4, which aligns the numbers.
std::string new_file(const std::vector<float>& values) {
  return "\x80\x04\x95\xd3\0\0\0\0\0\0\0\x8c\x13joblib.numpy_pickle\x94\x8c\x11NumpyArrayWrapper\x94\x93\x94)\x81\x94}"
         "\x94("
         "\x8c\x08subclass\x94\x8c\x05numpy\x94\x8c\x07ndarray\x94\x93\x94\x8c\x05shape\x94K\x03\x85\x94\x8c\x05order"
         "\x94"
         "\x8c\x01"
         "C\x94\x8c\x05"
         "dtype\x94h\x06\x8c\x05"
         "dtype\x94\x93\x94\x8c\x02"
         "f4\x94\x89\x88\x87\x94R\x94(K\x03\x8c\x01<\x94NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0t\x94"
         "b\x8c\nallow_mmap\x94\x88\x8c\x1bnumpy_array_alignment_bytes\x94K\x10ub\x03\xff\xff\xff"s +
         raw(values) + ".";
}

}  // namespace

TEST_CASE("arrays of joblib are read, of old versions and new, and nothing else") {
  const std::vector<float> values = {1, -2.5F, 3e-5F};
  CHECK(joblib_vector(old_file(values), "a.dat") == values);
  CHECK(joblib_vector(new_file(values), "a.dat") == values);
  const std::string file = old_file(values);
  for (std::size_t length = 0; length < file.size(); ++length)
    CHECK_THROWS_AS(joblib_vector(file.substr(0, length), "a.dat"), FileError);
  std::string evil =
      "\x80\x03"
      "cos\nsystem\nq\0X\x02\0\0\0lsq\x01\x85q\x02Rq\x03."s;
  CHECK_THROWS_AS(joblib_vector(evil, "a.dat"), FileError);
  std::string integers = file;
  integers.replace(integers.find("f4"), 2, "i4");
  CHECK_THROWS_AS(joblib_vector(integers, "a.dat"), FileError);
}

TEST_CASE("a folder of vectors is one matrix, in the order of the names") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "user");
  write_new_file(folder / "b c.jpg.dat", old_file({4, 5, 6}));
  write_new_file(folder / "user/a.jpg.dat", new_file({7, 8, 9}));
  write_new_file(folder / "a.jpg.npz", "1.0\n2.0e+00\n3\n");
  write_new_file(folder / "notes.md", "passed over");
  const VectorFolder found = read_vector_folder(folder / ".");
  CHECK(found.names == std::vector<std::string>{"a.jpg", "b c.jpg", "user/a.jpg"});
  CHECK(found.values == std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(found.columns == 3);
  write_new_file(folder / "short.txt", "1 2");
  CHECK_THROWS_AS(read_vector_folder(folder / "."), FileError);
  std::filesystem::remove(folder / "short.txt");
  write_new_file(folder / "word.txt", "1 2 three");
  CHECK_THROWS_AS(read_vector_folder(folder / "."), FileError);
  const TemporaryFolder empty;
  CHECK_THROWS_AS(read_vector_folder(empty / "."), InvalidArgument);
}

TEST_CASE("a dictionary of vectors is joblib's: zlib around a pickle with the numbers behind each array's head") {
  const TemporaryFolder folder;
  const std::vector<float> first = {1, -2.5F}, second(100'000, 3);
  JoblibDictionary dictionary(folder / "features.pickle");
  dictionary.put("a.jpg", first);
  dictionary.put("b.jpg", second);
  dictionary.finish();
  std::ifstream file(folder / "features.pickle", std::ios::binary);
  const std::string packed{std::istreambuf_iterator<char>(file), {}};
  std::string bytes(1'000'000, '\0');
  uLongf length = bytes.size();
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(bytes.data()), &length, reinterpret_cast<const Bytef*>(packed.data()),
                     packed.size()) == Z_OK);
  bytes.resize(length);
  REQUIRE(bytes.starts_with("\x80\x02}(X\x05\0\0\0a.jpg"s));
  const std::size_t next = bytes.find("X\x05\0\0\0b.jpg"s);
  REQUIRE(next != std::string::npos);
  // As a file of its own each array is one that import reads.
  CHECK(joblib_vector("\x80\x02"s + bytes.substr(14, next - 14) + ".", "a") == first);
  REQUIRE(bytes.ends_with("u."));
  CHECK(joblib_vector("\x80\x02"s + bytes.substr(next + 10, bytes.size() - next - 12) + ".", "b") == second);
}

TEST_CASE("an array is written as joblib writes it, and import reads it") {
  const TemporaryFolder folder;
  JoblibArray array(folder / "a.dat", {1, 2, 2});
  array.put(std::vector<float>{1, -2.5F});
  CHECK_THROWS_AS(array.finish(), InvalidArgument);
  array.put(std::vector<float>{3, 4});
  array.finish();
  CHECK(read_vector_folder(folder / ".").values == std::vector<float>{1, -2.5F, 3, 4});
}

}  // namespace coterie
