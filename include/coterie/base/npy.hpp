#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie {

/// What the header of a NumPy .npy file says (format versions 1.0 to 3.0).
struct NpyHeader {
  std::string type;                 ///< NumPy's code: "<f4", "<f8", "<i8", "|u1", …
  bool fortran_order = false;       ///< column-major
  std::vector<std::int64_t> shape;  ///< empty for a scalar
  std::int64_t data_offset = 0;     ///< bytes from the start of the file to the first element

  std::int64_t elements() const;
};

/// Reads and checks a header: the magic, the length, each key, and that the file is exactly long enough for its
/// shape. Throws FileError that says what is wrong.
NpyHeader read_npy_header(const std::string& path);

/// A whole .npy array of float32, float64 or int32/int64, C order, as T; integers must fit. Throws FileError.
template <typename T>
std::vector<T> read_npy(const std::string& path, std::vector<std::int64_t>* shape = nullptr);

/// The bytes that open a .npy file of this type and shape (format 1.0, C order); data of shape follows.
std::string npy_header_bytes(const std::string& type, const std::vector<std::int64_t>& shape);

/// Writes one array. T is float, double, std::int32_t or std::int64_t. Throws FileError.
template <typename T>
void write_npy(const std::string& path, const T* data, const std::vector<std::int64_t>& shape);

}  // namespace coterie
