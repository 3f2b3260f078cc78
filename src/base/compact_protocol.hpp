#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace coterie {

/// By seven bits to a byte, the lowest first.
inline void append_varint(std::string& to, std::uint64_t value) {
  for (; value >= 128; value >>= 7) to += static_cast<char>(value | 128);
  to += static_cast<char>(value);
}

/// Writes structs in Thrift's compact protocol, as far as Parquet's metadata wants it. Fields of a struct are written
/// in the order of their numbers. Source: thrift-compact-protocol.md of apache/thrift.
class CompactWriter {
 public:
  void i32(int field, std::int64_t value) { number(field, kI32, value); }
  void i64(int field, std::int64_t value) { number(field, kI64, value); }
  void text(int field, std::string_view value) {
    head(field, kBinary);
    bytes(value);
  }

  /// A field that is a struct; `fill` writes its fields.
  template <typename Fill>
  void structure(int field, const Fill& fill) {
    head(field, kStruct);
    element(fill);
  }

  /// A field that is a list of `count` structs; `fill(i)` writes the fields of number i.
  template <typename Fill>
  void structures(int field, std::size_t count, const Fill& fill) {
    list(field, kStruct, count);
    for (std::size_t i = 0; i < count; ++i) element([&] { fill(i); });
  }

  /// A field that is a list with one number or text in it.
  void one_i32(int field, std::int64_t value) {
    list(field, kI32, 1);
    zigzag(value);
  }
  void one_text(int field, std::string_view value) {
    list(field, kBinary, 1);
    bytes(value);
  }

  /// The struct that was written, with its end.
  std::string finish() {
    written_ += '\0';
    return std::move(written_);
  }

 private:
  static constexpr int kI32 = 5, kI64 = 6, kBinary = 8, kList = 9, kStruct = 12;

  template <typename Fill>
  void element(const Fill& fill) {
    const int before = last_;
    last_ = 0;
    fill();
    written_ += '\0';
    last_ = before;
  }

  void head(int field, int type) {
    written_ += static_cast<char>((field - last_) << 4 | type);
    last_ = field;
  }
  void list(int field, int type, std::size_t count) {
    head(field, kList);
    written_ += static_cast<char>((count < 15 ? count : 15) << 4 | static_cast<std::size_t>(type));
    if (count >= 15) varint(count);
  }
  void number(int field, int type, std::int64_t value) {
    head(field, type);
    zigzag(value);
  }
  void zigzag(std::int64_t value) {
    varint(static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63));
  }
  void varint(std::uint64_t value) { append_varint(written_, value); }
  void bytes(std::string_view value) {
    varint(value.size());
    written_ += value;
  }

  std::string written_;
  int last_ = 0;  // the number of the field before, in the struct in hand
};

}  // namespace coterie
