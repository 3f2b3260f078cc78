#include "coterie/store/foreign_matrix.hpp"

#include <doctest/doctest.h>

#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/store/artifact.hpp"
#include "temporary_folder.hpp"

namespace coterie {
namespace {

void on_root(const std::function<void()>& action) { Communicator::world().on_root(action); }

}  // namespace

TEST_CASE("a .npy matrix of either precision streams through any window") {
  const TemporaryFolder folder;
  const std::vector<double> values = {1, 2, 3, 4, 5, 0.1};
  const std::vector<float> narrow(values.begin(), values.end());
  on_root([&] {
    write_npy(folder / "wide.npy", values.data(), {3, 2});
    write_npy(folder / "narrow.npy", narrow.data(), {3, 2});
  });
  for (const std::string name : {"wide.npy", "narrow.npy"}) {
    const NpyRows rows(folder / name);
    REQUIRE(rows.rows() == 3);
    REQUIRE(rows.columns() == 2);
    std::vector<float> window(4);
    rows.read({1, 3}, window.data());
    CHECK(window == std::vector<float>{3, 4, 5, 0.1F});
  }
}

TEST_CASE("a .npy matrix of float16 streams, too") {
  const TemporaryFolder folder;
  const std::uint16_t halves[] = {0x3C00, 0xC100, 0x7BFF, 0x0000};  // 1, -2.5, 65504, 0
  on_root([&] {
    NewFile file(folder / "half.npy");
    file.write(npy_header_bytes("<f2", {2, 2}));
    file.write({reinterpret_cast<const char*>(halves), sizeof halves});
    file.finish();
  });
  const NpyRows rows(folder / "half.npy");
  std::vector<float> window(2);
  rows.read({1, 2}, window.data());
  CHECK(window == std::vector<float>{65504, 0});
  rows.read({0, 1}, window.data());
  CHECK(window == std::vector<float>{1, -2.5F});
}

TEST_CASE("a .npy file that is no matrix of floats is refused") {
  const TemporaryFolder folder;
  const std::vector<std::int64_t> whole = {1, 2, 3, 4};
  const std::vector<float> line = {1, 2};
  on_root([&] {
    write_npy(folder / "whole.npy", whole.data(), {2, 2});
    write_npy(folder / "line.npy", line.data(), {2});
  });
  CHECK_THROWS_WITH_AS(NpyRows(folder / "whole.npy"), doctest::Contains("<i8"), FileError);
  CHECK_THROWS_WITH_AS(NpyRows(folder / "line.npy"), doctest::Contains("1 dimensions"), FileError);
  CHECK_THROWS_AS(NpyRows(folder / "none.npy"), FileError);
}

TEST_CASE("a dataset of an HDF5 file is read, and a missing one is answered with those there are") {
  const TemporaryFolder folder;
  on_root([&] {
    ArtifactWriter writer(folder / "x.h5", Recipe("other", 1), Communicator::self());
    writer.put<double>("model/features", {2, 2}, std::vector<double>{1, 2, 3, 4});
    writer.put<double>("line", {2}, std::vector<double>{1, 2});
    writer.finish();
  });
  const auto rows = read_hdf5_matrix(folder / "x.h5", "model/features");
  REQUIRE(rows->resident({1, 2}) != nullptr);
  CHECK(rows->resident({1, 2})[1] == 4);
  CHECK_THROWS_WITH_AS(read_hdf5_matrix(folder / "x.h5", "model/feature"),
                       doctest::Contains("did you mean \"model/features\"?"), FileError);
  CHECK_THROWS_WITH_AS(read_hdf5_matrix(folder / "x.h5", "line"), doctest::Contains("1 dimensions"), FileError);
}

}  // namespace coterie
