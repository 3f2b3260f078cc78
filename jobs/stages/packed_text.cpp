#include "stages/packed_text.hpp"

#include <cstring>

namespace coterie::jobs {

void PackedText::put(std::int64_t number) { bytes_.append(reinterpret_cast<const char*>(&number), sizeof number); }

void PackedText::put_text(std::string_view text) {
  put(static_cast<std::int64_t>(text.size()));
  bytes_.append(text);
}

std::int64_t PackedText::number() {
  std::int64_t number = 0;
  std::memcpy(&number, bytes_.data() + at_, sizeof number);
  at_ += sizeof number;
  return number;
}

std::string PackedText::text() {
  const auto length = static_cast<std::size_t>(number());
  at_ += length;
  return bytes_.substr(at_ - length, length);
}

void send_text(const Communicator& comm, const PackedText& text, int to, int tag) {
  const auto length = static_cast<std::int64_t>(text.bytes().size());
  comm.send(&length, sizeof length, to, tag);
  comm.send(text.bytes().data(), text.bytes().size(), to, tag);
}

PackedText receive_text(const Communicator& comm, int from, int tag) {
  std::int64_t length = 0;
  comm.receive(&length, sizeof length, from, tag);
  std::string bytes(static_cast<std::size_t>(length), '\0');
  comm.receive(bytes.data(), bytes.size(), from, tag);
  return PackedText(std::move(bytes));
}

}  // namespace coterie::jobs
