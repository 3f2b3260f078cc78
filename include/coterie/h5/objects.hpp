#pragma once

// The headers of a parallel HDF5 include mpi.h, whose C++ functions nobody here wants.
#define OMPI_SKIP_MPICXX
#define MPICH_SKIP_MPICXX
#include <hdf5.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "coterie/base/errors.hpp"

namespace coterie::h5 {

// HDF5's identifiers as values that close themselves, and its failures as exceptions. For rooms that read or write HDF5
// files; this one knows no file of ours.

/// An HDF5 identifier of any kind that closes itself. check() refuses a failed one.
class Id {
 public:
  Id() = default;
  explicit Id(hid_t id) : id_(id) {}
  ~Id() { close(); }
  Id(Id&& other) noexcept : id_(other.id_) { other.id_ = H5I_INVALID_HID; }
  Id& operator=(Id&& other) noexcept {
    if (this != &other) {
      close();
      id_ = other.id_;
      other.id_ = H5I_INVALID_HID;
    }
    return *this;
  }
  operator hid_t() const { return id_; }
  hid_t release() {
    const hid_t id = id_;
    id_ = H5I_INVALID_HID;
    return id;
  }
  void close();  ///< not once a file could not be written: see write_failed()

 private:
  hid_t id_ = H5I_INVALID_HID;
};

/// Throws FileError naming the file, the HDF5 call and HDF5's innermost reason when `status` says failure.
/// Returns it otherwise.
hid_t check(hid_t status, const char* call, const std::string& path);

/// Whether check() met a file that could not be written. HDF5 1.10 keeps what it could not write, and crashes when that
/// file is closed.
bool write_failed();

/// Keeps HDF5 from printing its error stack: errors come as exceptions. Called by each opening function.
void quiet();

/// Opens for reading, or for writing in place, without MPI.
Id open_file(const std::string& path, bool writable);

Id simple_space(const std::vector<std::int64_t>& shape);
std::vector<std::int64_t> shape_of(hid_t dataset, const std::string& path);

/// How many elements the dataset has; throws FileError where its data cannot be that many, however compressed: memory
/// is asked for by this number, and a shape that lies would ask for terabytes.
std::int64_t elements_of(hid_t dataset, const std::string& path);

void write_text_attribute(hid_t object, const char* name, std::string_view text, const std::string& path);
std::string read_text_attribute(hid_t object, const char* name, const std::string& path);
bool has_attribute(hid_t object, const char* name);

/// Names of an object's attributes, sorted.
std::vector<std::string> attribute_names(hid_t object, const std::string& path);

/// Names of all datasets below the root, sorted.
std::vector<std::string> dataset_names(hid_t file, const std::string& path);

/// Names of the links below the root that are no datasets or groups of this file: soft and external ones, sorted.
std::vector<std::string> link_names(hid_t file, const std::string& path);

/// Whether the file or group itself holds a dataset or group of that name: links, which may lead into other files, do
/// not count.
bool holds(hid_t file, const std::string& name);

/// Opens a dataset whose data lie in this file, or throws FileError that names it.
Id open_dataset(hid_t file, const std::string& name, const std::string& path);

/// The element type of a dataset: "float32", "int64" ..., "text" of variable length, "other".
std::string type_name(hid_t dataset);

/// A variable-length string type, UTF-8 by label; bytes are stored as given.
Id string_type();

template <typename T>
hid_t type_of();
template <>
inline hid_t type_of<float>() {
  return H5T_NATIVE_FLOAT;
}
template <>
inline hid_t type_of<double>() {
  return H5T_NATIVE_DOUBLE;
}
template <>
inline hid_t type_of<std::int32_t>() {
  return H5T_NATIVE_INT32;
}
template <>
inline hid_t type_of<std::int64_t>() {
  return H5T_NATIVE_INT64;
}
template <>
inline hid_t type_of<std::uint8_t>() {
  return H5T_NATIVE_UINT8;
}
template <>
inline hid_t type_of<std::uint64_t>() {
  return H5T_NATIVE_UINT64;
}

}  // namespace coterie::h5
