#include "coterie/base/pickle_writer.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "coterie/base/unicode.hpp"

namespace coterie {
namespace {

template <typename Value>
void put_little_endian(std::string& bytes, Value value) {
  std::array<char, sizeof(Value)> own;
  std::memcpy(own.data(), &value, sizeof(Value));
  bytes.append(own.data(), own.size());
}

// Python keeps a byte 0xNN of a file's name that is no UTF-8 as the code U+DCNN, which pickle encodes as if it were a
// character.
std::string with_surrogates(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Character first = first_character(text);
    if (first.valid) {
      out += text.substr(0, first.bytes);
    } else {
      const auto byte = static_cast<unsigned char>(text.front());
      out += '\xED';
      out += static_cast<char>(0xB0 | ((byte >> 6) & 0x3));
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
    text.remove_prefix(first.bytes);
  }
  return out;
}

}  // namespace

PickleWriter::PickleWriter() : bytes_("\x80\x02") {}

void PickleWriter::global(std::string_view module, std::string_view name) {
  bytes_ += fmt::format("c{}\n{}\n", module, name);
}

void PickleWriter::text(std::string_view value) {
  const std::string encoded = with_surrogates(value);
  bytes_ += 'X';
  put_little_endian(bytes_, static_cast<std::uint32_t>(encoded.size()));
  bytes_ += encoded;
}

void PickleWriter::integer(std::int64_t value) {
  if (value >= std::numeric_limits<std::int32_t>::min() && value <= std::numeric_limits<std::int32_t>::max()) {
    bytes_ += 'J';
    put_little_endian(bytes_, static_cast<std::int32_t>(value));
  } else {
    bytes_ += "\x8a\x08";
    put_little_endian(bytes_, value);
  }
}

void PickleWriter::real(double value) {
  bytes_ += 'G';
  const auto bits = std::bit_cast<std::uint64_t>(value);
  for (int shift = 56; shift >= 0; shift -= 8) bytes_ += static_cast<char>(bits >> shift & 0xff);
}

void PickleWriter::integers(const std::vector<std::int64_t>& values) {
  raw("(");
  for (const auto value : values) integer(value);
  raw("t");
}

void PickleWriter::matrix(const double* values, std::int64_t rows, std::int64_t columns) {
  global("numpy", "array");  // a list of lists: whatever lies inside of NumPy's modules moves between its versions
  begin_list();
  for (std::int64_t row = 0; row < rows; ++row) {
    begin_list();
    for (std::int64_t column = 0; column < columns; ++column) real(*values++);
    end_list();
  }
  end_list();
  raw("\x85R");
}

void PickleWriter::joblib_array(const std::vector<std::int64_t>& shape, bool mappable) {
  global("joblib.numpy_pickle", "NumpyArrayWrapper");
  raw(")\x81");
  begin_dict();
  text("subclass");
  global("numpy", "ndarray");
  text("shape");
  integers(shape);
  text("order");
  text("C");
  text("dtype");
  global("numpy", "dtype");
  raw("(");
  text("f4");
  integer(0);
  integer(1);
  raw("tR(");
  integer(3);
  text("<");
  raw("NNN");
  integer(-1);
  integer(-1);
  integer(0);
  raw("tb");
  text("allow_mmap");
  raw(mappable ? "\x88" : "\x89");
  end_dict();
  raw("b");
}

std::string PickleWriter::take() { return std::exchange(bytes_, ""); }

std::string PickleWriter::finish() {
  bytes_ += '.';
  return take();
}

}  // namespace coterie
