#include "coterie/h5/objects.hpp"

#include <doctest/doctest.h>

#include <utility>

#include "temporary_folder.hpp"

namespace coterie {
namespace {

// A file with the dataset "a/b" of two numbers, a soft link to it, an external one to itself, and external storage.
void write_file(const std::string& path) {
  h5::quiet();
  const h5::Id file(h5::check(H5Fcreate(path.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT), "H5Fcreate", path));
  const h5::Id group(H5Gcreate2(file, "a", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT)), space = h5::simple_space({2});
  const h5::Id data(H5Dcreate2(group, "b", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  const float values[2] = {1, 2};
  h5::check(H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), "H5Dwrite", path);
  h5::check(H5Lcreate_soft("/a/b", file, "soft", H5P_DEFAULT, H5P_DEFAULT), "H5Lcreate_soft", path);
  h5::check(H5Lcreate_external(path.c_str(), "/a", file, "other", H5P_DEFAULT, H5P_DEFAULT), "H5Lcreate_external",
            path);
  const h5::Id creation(H5Pcreate(H5P_DATASET_CREATE));
  h5::check(H5Pset_external(creation, "/etc/passwd", 0, 8), "H5Pset_external", path);
  const h5::Id stored(H5Dcreate2(file, "c", H5T_IEEE_F32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT));
}

}  // namespace

TEST_CASE("identifiers close themselves, once, and can be moved") {
  const TemporaryFolder folder;
  write_file(folder / "file.h5");
  const h5::Id file = h5::open_file(folder / "file.h5", false);
  const auto open = [&] { return H5Fget_obj_count(file, H5F_OBJ_DATASET); };
  {
    h5::Id first = h5::open_dataset(file, "a/b", "file.h5"), second = std::move(first);
    CHECK(open() == 1);
    CHECK(first < 0);
    second = h5::open_dataset(file, "/a/b", "file.h5");
    CHECK(open() == 1);
  }
  CHECK(open() == 0);
}

TEST_CASE("names lead to what lies in the file itself, from the file or from a group") {
  const TemporaryFolder folder;
  write_file(folder / "file.h5");
  const h5::Id file = h5::open_file(folder / "file.h5", false), group(H5Gopen2(file, "a", H5P_DEFAULT));
  for (const char* name : {"/", "a", "a/b", "/a/b", "c"}) CHECK_MESSAGE(h5::holds(file, name), name);
  for (const char* name : {"", "b", "a/c", "soft", "other", "other/b"})
    CHECK_FALSE_MESSAGE(h5::holds(file, name), name);
  CHECK(h5::holds(group, "b"));
  CHECK_THROWS_WITH_AS(h5::open_dataset(file, "c", "file.h5"), doctest::Contains("lies in other files"), FileError);
  CHECK_THROWS_WITH_AS(h5::open_dataset(file, "soft", "file.h5"), doctest::Contains("has no dataset"), FileError);
}

TEST_CASE("what fails names the file, the call and HDF5's reason") {
  h5::quiet();
  CHECK_THROWS_WITH_AS(h5::check(H5Dopen2(H5I_INVALID_HID, "x", H5P_DEFAULT), "H5Dopen2", "some.h5"),
                       doctest::Contains("H5Dopen2 failed: "), FileError);
  CHECK_FALSE(h5::write_failed());
}

}  // namespace coterie
