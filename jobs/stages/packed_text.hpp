#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "coterie/dist/communicator.hpp"

namespace coterie::jobs {

/// Numbers and texts one after the other, as they travel from rank to rank. Read back in the same order.
class PackedText {
 public:
  PackedText() = default;
  explicit PackedText(std::string bytes) : bytes_(std::move(bytes)) {}

  const std::string& bytes() const { return bytes_; }
  bool at_end() const { return at_ == bytes_.size(); }

  void put(std::int64_t number);
  void put_text(std::string_view text);

  std::int64_t number();
  std::string text();

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

/// From one rank to another; each knows of it. Unlike gather_all these let the root alone hold what it collects.
void send_text(const Communicator& comm, const PackedText& text, int to, int tag);
PackedText receive_text(const Communicator& comm, int from, int tag);

}  // namespace coterie::jobs
