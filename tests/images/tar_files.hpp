#pragma once

#include <fmt/format.h>

#include <string>

#include "shards/tar_reader.hpp"

namespace coterie {

/// One header block with its checksum; `magic` is POSIX's or GNU's.
inline std::string tar_header(const std::string& name, std::size_t bytes, char type = '0',
                              const std::string& prefix = "",
                              const std::string& magic = std::string("ustar\0", 6) + "00") {
  std::string block(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { block.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  put(124, fmt::format("{:011o}", bytes));
  put(148, "        ");
  block[156] = type;
  put(257, magic);
  put(345, prefix);
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return block;
}

inline std::string tar_padded(std::string data) {
  data.resize((data.size() + 511) / 512 * 512, '\0');
  return data;
}

inline std::string tar_member(const std::string& name, const std::string& data, char type = '0') {
  return tar_header(name, data.size(), type) + tar_padded(data);
}

inline std::string pax_record(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (fmt::to_string(length).size() + rest != length) ++length;
  return fmt::format("{} {}={}\n", length, key, value);
}

inline std::string tar_end() { return std::string(1024, '\0'); }

/// A tar in memory.
class TarText final : public TarInput {
 public:
  explicit TarText(std::string text) : text_(std::move(text)) {}

  std::size_t read(std::uint8_t* to, std::size_t bytes) override {
    const std::size_t got = std::min(bytes, text_.size() - at_);
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), got, to);
    at_ += got;
    return got;
  }
  bool skip(std::int64_t bytes) override {
    const bool there = bytes <= static_cast<std::int64_t>(text_.size() - at_);
    at_ = there ? at_ + static_cast<std::size_t>(bytes) : text_.size();
    return there;
  }

 private:
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace coterie
