#include "coterie/base/npy.hpp"

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "coterie/base/array_bytes.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/new_file.hpp"
#include "coterie/base/number.hpp"

namespace coterie {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::int64_t kMostBytes = std::int64_t{1} << 60;

// The text between `'key':` and the next delimiter at the same level, blanks trimmed.
std::string field(const std::string& path, const std::string& header, const std::string& key) {
  const auto at = header.find("'" + key + "'");
  const auto colon = at == std::string::npos ? at : header.find(':', at);
  if (colon == std::string::npos) throw FileError(path, fmt::format("its .npy header has no '{}'", key));
  const auto begin = header.find_first_not_of(' ', colon + 1);
  const bool tuple = begin != std::string::npos && header[begin] == '(';
  const auto end = header.find_first_of(tuple ? ")" : ",}", begin);
  if (begin == std::string::npos || end == std::string::npos) throw FileError(path, "its .npy header is cut short");
  return header.substr(begin, end - begin + (tuple ? 1 : 0));
}

std::vector<std::int64_t> parse_shape(const std::string& path, const std::string& text) {
  std::vector<std::int64_t> shape;
  for (std::size_t at = 0; (at = text.find_first_of("0123456789", at)) != std::string::npos;) {
    const auto end = text.find_first_not_of("0123456789", at);
    const std::string digits = text.substr(at, end - at);
    const auto length = parse_as<std::int64_t>(digits, 0, 999'999'999'999'999);
    if (!length) throw FileError(path, fmt::format("its .npy header has a dimension of {}", digits));
    shape.push_back(*length);
    if (end == std::string::npos) break;
    at = end;
  }
  return shape;
}

std::int64_t item_size(const std::string& path, const std::string& type) {
  const auto size =
      parse_as<std::int64_t>(std::string_view(type).substr(std::min<std::size_t>(type.size(), 2)), 0, 999);
  if (!size) throw FileError(path, fmt::format("element type '{}' is not a plain number", type));
  return *size;
}

std::string read_header_text(std::ifstream& file, const std::string& path) {
  std::array<char, 8> start{};
  file.read(start.data(), start.size());
  if (!file || std::string_view(start.data(), 6) != kMagic)
    throw FileError(path, "is no .npy file (the magic bytes differ)");
  const int length_bytes = start[6] == 1 ? 2 : 4;
  std::array<unsigned char, 4> raw{};
  file.read(reinterpret_cast<char*>(raw.data()), length_bytes);
  const std::uint32_t length =
      raw[0] | raw[1] << 8 | static_cast<std::uint32_t>(raw[2]) << 16 | static_cast<std::uint32_t>(raw[3]) << 24;
  if (!file || length > (1u << 20)) throw FileError(path, "its .npy header is damaged (length)");
  std::string text(length, '\0');
  file.read(text.data(), length);
  if (!file) throw FileError(path, "its .npy header is cut short");
  return text;
}

template <typename Stored, typename T>
std::vector<T> read_elements(std::ifstream& file, const std::string& path, std::int64_t count) {
  std::vector<Stored> stored(static_cast<std::size_t>(count));
  file.read(reinterpret_cast<char*>(stored.data()), static_cast<std::streamsize>(stored.size() * sizeof(Stored)));
  if (!file) throw FileError(path, "ends before its last element");
  return {stored.begin(), stored.end()};
}

template <typename T>
const char* type_code();
template <>
const char* type_code<float>() {
  return "<f4";
}
template <>
const char* type_code<double>() {
  return "<f8";
}
template <>
const char* type_code<std::int32_t>() {
  return "<i4";
}
template <>
const char* type_code<std::int64_t>() {
  return "<i8";
}

}  // namespace

std::int64_t NpyHeader::elements() const {
  std::int64_t product = 1;
  for (const auto length : shape) product *= length;
  return product;
}

NpyHeader read_npy_header(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw FileError(path, fmt::format("cannot be read ({})", std::strerror(errno)));
  const std::string text = read_header_text(file, path);
  NpyHeader header;
  header.data_offset = file.tellg();
  const std::string descr = field(path, text, "descr");
  if (descr.size() < 2 || descr.front() != '\'')
    throw FileError(path, "holds a structured array; a plain N x D matrix is wanted");
  header.type = descr.substr(1, descr.size() - 2);
  header.fortran_order = field(path, text, "fortran_order") == "True";
  header.shape = parse_shape(path, field(path, text, "shape"));
  const auto size = array_bytes(header.shape, item_size(path, header.type));
  if (!size || *size > kMostBytes) throw FileError(path, "its .npy header asks for an array larger than any file");
  const auto expected = header.data_offset + *size;
  std::error_code unreadable;
  const auto actual = static_cast<std::int64_t>(std::filesystem::file_size(path, unreadable));
  if (actual != expected)
    throw FileError(path,
                    fmt::format("has {} bytes where its header asks for {}: truncated or damaged", actual, expected));
  return header;
}

template <typename T>
std::vector<T> read_npy(const std::string& path, std::vector<std::int64_t>* shape) {
  const NpyHeader header = read_npy_header(path);
  if (header.fortran_order && header.shape.size() > 1)
    throw FileError(path, "is in Fortran order; save it with numpy.ascontiguousarray");
  std::ifstream file(path, std::ios::binary);
  file.seekg(header.data_offset);
  if (shape) *shape = header.shape;
  if (header.type == "<f4") return read_elements<float, T>(file, path, header.elements());
  if (header.type == "<f8") return read_elements<double, T>(file, path, header.elements());
  if (header.type == "<i4") return read_elements<std::int32_t, T>(file, path, header.elements());
  if (header.type == "<i8") return read_elements<std::int64_t, T>(file, path, header.elements());
  throw FileError(
      path, fmt::format("element type '{}' is not float32, float64, int32 or int64 (little-endian)", header.type));
}

std::string npy_header_bytes(const std::string& type, const std::vector<std::int64_t>& shape) {
  std::string dimensions;
  for (const auto length : shape) dimensions += fmt::format("{}, ", length);
  if (shape.size() > 1) dimensions.resize(dimensions.size() - 2);
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, dimensions);
  const std::size_t unpadded = kMagic.size() + 4 + text.size() + 1;
  text.append((64 - unpadded % 64) % 64, ' ');
  text += '\n';
  std::string bytes(kMagic);
  bytes += '\x01';
  bytes += '\x00';
  bytes += static_cast<char>(text.size() & 0xff);
  bytes += static_cast<char>(text.size() >> 8);
  return bytes + text;
}

template <typename T>
void write_npy(const std::string& path, const T* data, const std::vector<std::int64_t>& shape) {
  const std::string header = npy_header_bytes(type_code<T>(), shape);
  std::int64_t elements = 1;
  for (const auto length : shape) elements *= length;
  NewFile file(path);
  file.write(header);
  file.write({reinterpret_cast<const char*>(data), static_cast<std::size_t>(elements) * sizeof(T)});
  file.finish();
}

template std::vector<float> read_npy<float>(const std::string&, std::vector<std::int64_t>*);
template std::vector<double> read_npy<double>(const std::string&, std::vector<std::int64_t>*);
template std::vector<std::int32_t> read_npy<std::int32_t>(const std::string&, std::vector<std::int64_t>*);
template std::vector<std::int64_t> read_npy<std::int64_t>(const std::string&, std::vector<std::int64_t>*);
template void write_npy<float>(const std::string&, const float*, const std::vector<std::int64_t>&);
template void write_npy<double>(const std::string&, const double*, const std::vector<std::int64_t>&);
template void write_npy<std::int32_t>(const std::string&, const std::int32_t*, const std::vector<std::int64_t>&);
template void write_npy<std::int64_t>(const std::string&, const std::int64_t*, const std::vector<std::int64_t>&);

}  // namespace coterie
