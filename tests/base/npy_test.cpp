#include "coterie/base/npy.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "coterie/base/errors.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

void write_file(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

}  // namespace

TEST_CASE("an array comes back as it was written, in any of the number types") {
  const TemporaryFolder folder;
  const std::vector<float> values = {1.5F, -2, 3e30F, 0, 5, 6};
  const std::string path = folder / "a.npy";
  write_npy(path, values.data(), {2, 3});
  std::vector<std::int64_t> shape;
  CHECK(read_npy<float>(path, &shape) == values);
  CHECK(shape == std::vector<std::int64_t>{2, 3});
  CHECK(read_npy_header(path).data_offset % 64 == 0);
  const std::vector<std::int64_t> whole = {7, -8};
  write_npy(path, whole.data(), {2});
  CHECK(read_npy<double>(path) == std::vector<double>{7, -8});
}

TEST_CASE("a damaged or foreign file is refused with its name") {
  const TemporaryFolder folder;
  const std::string path = folder / "b.npy";
  CHECK_THROWS_AS(read_npy_header(path), FileError);
  for (const std::string& bytes :
       {std::string("PK\x03\x04 no array"), npy_header_bytes("<f4", {3}) + "short",
        std::string("\x93NUMPY\x01\x00\xff\xff", 10), npy_header_bytes("|O", {1}) + "12345678",
        npy_header_bytes("<f4", {999'999'999'999'999, 999'999'999'999'999}),
        npy_header_bytes("<f4", {999'999'999'999'999, 999'999'999'999'999, 0})}) {
    write_file(path, bytes);
    CHECK_THROWS_AS(read_npy<float>(path), FileError);
  }
  const std::string good = npy_header_bytes("<f4", {1}) + "1234";
  for (std::size_t length = 0; length < good.size(); ++length) {
    write_file(path, good.substr(0, length));
    CHECK_THROWS_AS(read_npy<float>(path), FileError);
  }
}

}  // namespace coterie
