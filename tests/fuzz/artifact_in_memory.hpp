#pragma once

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "coterie/base/errors.hpp"
#include "coterie/h5/objects.hpp"
#include "coterie/store/artifact.hpp"
#include "coterie/store/recipe.hpp"

namespace coterie {

/// A folder of tmpfs.
class FolderInMemory {
 public:
  FolderInMemory() {
    if (mkdtemp(path_.data()) == nullptr) throw Error(path_ + " cannot be made");
  }
  ~FolderInMemory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FolderInMemory(const FolderInMemory&) = delete;
  FolderInMemory& operator=(const FolderInMemory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/dev/shm/coterie_fuzz_XXXXXX";
};

/// Writes an artifact whose seal and checksums are right, and whose content is what a fuzzer's input makes of a sound
/// one: datasets that are not there, of other types, shapes and values. (Mutating the bytes of the file itself finds
/// faults of the HDF5 library instead.)
class BentArtifact {
 public:
  BentArtifact(FuzzedDataProvider& input, std::string path)
      : input_(input),
        path_(std::move(path)),
        file_(H5Fcreate(path_.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {}

  /// The sound values; of each one the input may make another.
  template <typename T>
  void put(const std::string& name, std::vector<std::int64_t> shape, std::vector<T> values) {
    const int bend = input_.ConsumeIntegralInRange(0, 11);
    if (bend == 0) return;
    hid_t type = h5::type_of<T>();
    if (bend == 1) type = other_type();
    if (bend == 2)
      for (auto& length : shape) length = other_length();
    if (bend == 3) shape.assign(input_.ConsumeIntegralInRange<std::size_t>(0, 3), 1);
    if (bend >= 4 && bend <= 6 && !values.empty())
      values[input_.ConsumeIntegralInRange<std::size_t>(0, values.size() - 1)] = other_value<T>();
    write(name, type, shape, values.data(), values.size() * sizeof(T), std::ssize(values));
  }

  void put_texts(const std::string& name, const std::vector<std::string>& texts) {
    const int bend = input_.ConsumeIntegralInRange(0, 11);
    if (bend == 0) return;
    std::vector<const char*> pointers;
    for (const auto& text : texts) pointers.push_back(text.c_str());
    const auto count = bend == 1 ? other_length() : std::ssize(texts);
    write(name, h5::string_type(), {count}, pointers.data(), pointers.size() * sizeof(char*), std::ssize(pointers));
  }

  void attribute(const char* name, const std::string& text) {
    const int bend = input_.ConsumeIntegralInRange(0, 7);
    if (bend > 0) h5::write_text_attribute(file_, name, bend == 1 ? input_.ConsumeRandomLengthString(12) : text, path_);
  }

  void finish() {
    file_.close();
    seal_artifact(path_, Recipe("fuzz", 1));
  }

 private:
  hid_t other_type() {
    const hid_t types[] = {H5T_NATIVE_FLOAT, H5T_NATIVE_DOUBLE, H5T_NATIVE_INT32, H5T_NATIVE_INT64,
                           H5T_NATIVE_UINT8, H5T_NATIVE_UINT64, H5T_NATIVE_INT16};
    return types[input_.ConsumeIntegralInRange(0, 6)];
  }

  std::int64_t other_length() {
    return input_.ConsumeIntegralInRange(0, 3) == 0 ? input_.ConsumeIntegralInRange<std::int64_t>(0, INT64_MAX)
                                                    : input_.ConsumeIntegralInRange<std::int64_t>(0, 9);
  }

  template <typename T>
  T other_value() {
    const T values[] = {T{0},
                        T{1},
                        static_cast<T>(-1),
                        std::numeric_limits<T>::max(),
                        std::numeric_limits<T>::lowest(),
                        std::numeric_limits<T>::quiet_NaN()};
    return input_.ConsumeBool() ? values[input_.ConsumeIntegralInRange(0, 5)]
                                : static_cast<T>(input_.ConsumeIntegralInRange(0, 12));
  }

  void write(const std::string& name, hid_t type, const std::vector<std::int64_t>& shape, const void* values,
             std::size_t bytes, std::int64_t there) {
    const std::vector<hsize_t> lengths(shape.begin(), shape.end());
    const h5::Id space(H5Screate_simple(static_cast<int>(lengths.size()), lengths.data(), nullptr));
    if (space < 0) return;  // more elements than HDF5 can count
    const h5::Id links(H5Pcreate(H5P_LINK_CREATE));
    H5Pset_create_intermediate_group(links, 1);
    const h5::Id dataset(H5Dcreate2(file_, name.c_str(), type, space, links, H5P_DEFAULT, H5P_DEFAULT));
    double elements = 1;
    for (const auto length : lengths) elements *= static_cast<double>(length);
    // What is larger than what there is stays without bytes, as a file that lies about its shape.
    if (dataset < 0 || elements > static_cast<double>(there)) return;
    std::vector<char> padded(std::max(bytes, static_cast<std::size_t>(there) * H5Tget_size(type)), 0);
    std::memcpy(padded.data(), values, bytes);  // the type may be a wider one than the values'
    H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, padded.data());
  }

  FuzzedDataProvider& input_;
  std::string path_;
  h5::Id file_;
};

}  // namespace coterie
