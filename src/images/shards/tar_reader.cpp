#include "shards/tar_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "coterie/base/number.hpp"

namespace coterie::inline images {

namespace {

constexpr std::int64_t kBlock = 512;
constexpr std::int64_t kMostBytes = std::numeric_limits<std::int64_t>::max() / 4;
constexpr int kRecordBlocks = 20;  // what tar pads its files to

using Kind = TarMember::Kind;

/// A field of the header: where it begins and how long it is (POSIX, ustar Interchange Format).
struct Field {
  std::size_t begin, bytes;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kType{156, 1}, kMagic{257, 6}, kPrefix{345, 155};
constexpr std::size_t kOldSparseMore = 482, kSparseMore = 504;  // whether another block of a sparse map follows

using Bytes = std::span<const std::uint8_t>;

Bytes field(Bytes block, Field place) { return block.subspan(place.begin, place.bytes); }

/// Up to the first NUL.
std::string text(Bytes bytes) {
  const auto end = std::find(bytes.begin(), bytes.end(), std::uint8_t{0});
  return {bytes.begin(), end};
}

/// Octal digits among blanks, or GNU's binary numbers, whose first byte has its highest bit set. Empty: no number, or
/// one that no file can have.
std::optional<std::int64_t> number(Bytes bytes) {
  std::int64_t value = 0;
  if ((bytes.front() & 0x80) != 0) {
    if (bytes.front() != 0x80) return {};  // negative, or beyond 2^88
    for (const std::uint8_t byte : bytes.subspan(1)) {
      if (value > kMostBytes / 256) return {};
      value = value * 256 + byte;
    }
    return value;
  }
  std::string digits = text(bytes);
  digits.erase(0, std::min(digits.find_first_not_of(' '), digits.size()));
  digits.erase(std::min(digits.find_last_not_of(' ') + 1, digits.size()));
  for (const char digit : digits) {
    if (digit < '0' || digit > '7' || value > kMostBytes / 8) return {};
    value = value * 8 + (digit - '0');
  }
  return value;
}

/// Over all bytes, those of the sum itself taken as blanks; old tars added them as signed ones.
bool checksum_holds(Bytes block) {
  const auto wanted = number(field(block, kChecksum));
  std::int64_t plain = 0, as_signed = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kChecksum.begin && i < kChecksum.begin + kChecksum.bytes;
    plain += own ? ' ' : block[i];
    as_signed += own ? ' ' : static_cast<std::int8_t>(block[i]);
  }
  return wanted && (*wanted == plain || *wanted == as_signed);
}

bool all_zero(Bytes block) {
  return std::all_of(block.begin(), block.end(), [](std::uint8_t byte) { return byte == 0; });
}

Kind kind_of(char type) {
  switch (type) {
    case '0':
    case '\0':
    case '7':
      return Kind::file;
    case '5':
    case 'D':  // GNU: a folder with a list of its names as data
      return Kind::folder;
    case '1':
      return Kind::hard_link;
    case '2':
      return Kind::symbolic_link;
    case '3':
    case '4':
    case '6':
      return Kind::device;
    case 'S':
      return Kind::sparse;
    default:
      return Kind::unknown;
  }
}

bool has_data(char type) { return type < '1' || type > '6'; }

/// Headers that speak of the member after them, or of none.
bool is_extension(char type) { return std::string_view("xXgLKV").find(type) != std::string_view::npos; }

std::int64_t padded(std::int64_t bytes) { return (bytes + kBlock - 1) / kBlock * kBlock; }

}  // namespace

/// False at a clean end of the input.
bool TarReader::read_block(Block& block) {
  const std::size_t got = input_.read(block.data(), block.size());
  at_ += static_cast<std::int64_t>(got);
  if (got > 0 && got < block.size()) throw TarDamage{"", fmt::format("cut off at byte {}, inside a header", at_)};
  return got > 0;
}

void TarReader::pass_data() {
  const std::int64_t left = std::exchange(remaining_, 0);
  // The padding of the last member may be missing: what counts are its data.
  const std::int64_t padding = padded(current_.bytes) - current_.bytes;
  if (left > padding && !input_.skip(left - padding))
    throw TarDamage{current_.name, "cut off: the file ends inside its data", true};
  input_.skip(std::min(left, padding));
  at_ += left;
}

std::optional<TarMember> TarReader::next() {
  while (true) {
    pass_data();
    Block header;
    if (!read_block(header)) {
      if (at_ == 0) throw TarDamage{"", "the file is empty"};
      throw TarDamage{"", "ends without the mark that closes a tar: it may have been cut off"};
    }
    if (all_zero(header)) {
      check_end();
      return {};
    }
    if (!checksum_holds(header))
      throw TarDamage{"", at_ == kBlock ? "is no tar: its first header does not match its checksum"
                                        : fmt::format("damaged at byte {}: no header of a tar is there", at_ - kBlock)};
    current_ = member_of(header);
    remaining_ = has_data(current_.type) ? padded(current_.bytes) : 0;
    if (!has_data(current_.type)) current_.bytes = 0;
    if (is_extension(current_.type)) {
      take_extension(current_);
      continue;
    }
    local_ = {};
    return current_;
  }
}

TarMember TarReader::member_of(const Block& header) {
  const Bytes block(header);
  TarMember member;
  member.type = static_cast<char>(field(block, kType).front());
  member.kind = kind_of(member.type);
  member.name = text(field(block, kName));
  const std::string prefix = text(field(block, kPrefix));
  // GNU's own headers keep dates where POSIX has the prefix.
  if (text(field(block, kMagic)) == "ustar" && !prefix.empty()) member.name = prefix + "/" + member.name;
  auto bytes = number(field(block, kSize));
  if (!is_extension(member.type)) {
    const auto& path = local_.path ? local_.path : global_.path;
    if (path) member.name = *path;
    if (local_.bytes) bytes = local_.bytes;
    if (global_.sparse || local_.sparse) member.kind = Kind::sparse;
  }
  if (!bytes) throw TarDamage{member.name, "damaged: its header holds no size"};
  member.bytes = *bytes;
  if (member.kind == Kind::file && member.name.ends_with('/')) member.kind = Kind::folder;  // as V7 has it
  if (member.type == 'S') pass_sparse_map(header);
  member.offset = at_;
  return member;
}

/// Old GNU sparse members have their map in further blocks before the data.
void TarReader::pass_sparse_map(const Block& header) {
  bool more = header[kOldSparseMore] != 0;
  for (Block block; more; more = block[kSparseMore] != 0)
    if (!read_block(block)) throw TarDamage{"", "cut off inside the map of a sparse member"};
}

void TarReader::take_extension(const TarMember& extension) {
  if (extension.type == 'V') return;  // the name of the volume
  if (extension.bytes > kMostHeader)
    throw TarDamage{"", fmt::format("damaged at byte {}: a header of {} bytes", extension.offset, extension.bytes)};
  const char type = extension.type;
  const auto content = data();
  if (type == 'L') local_.path = text(content);
  if (type == 'x' || type == 'X') take_pax(content, local_);
  if (type == 'g') take_pax(content, global_);
}

/// Records of the form "LENGTH KEY=VALUE\n", where the length counts all of it.
void TarReader::take_pax(Bytes records, PaxValues& values) {
  while (!records.empty() && records.front() != 0) {
    const std::string_view rest(reinterpret_cast<const char*>(records.data()), records.size());
    const std::size_t key_at = std::min(rest.find(' '), rest.size()) + 1;
    const std::size_t length = parse_as<std::size_t>(rest.substr(0, key_at - 1), key_at + 1, rest.size()).value_or(0);
    const bool sound =
        length > key_at && rest[length - 1] == '\n' && rest.substr(key_at, length - key_at).find('=') != rest.npos;
    if (!sound) throw TarDamage{"", fmt::format("damaged at byte {}: a pax header does not hold together", at_)};
    const std::size_t equals = rest.find('=', key_at);
    const std::string_view key = rest.substr(key_at, equals - key_at),
                           value = rest.substr(equals + 1, length - equals - 2);
    if (key == "path") values.path = value;
    if (key.starts_with("GNU.sparse.") || key.starts_with("SCHILY.realsize")) values.sparse = true;
    if (key == "GNU.sparse.name") values.path = value;
    if (key == "size") {
      values.bytes = parse_as<std::int64_t>(value, 0, kMostBytes);
      if (!values.bytes) throw TarDamage{"", fmt::format("damaged at byte {}: a pax header gives no size", at_)};
    }
    records = records.subspan(length);
  }
}

std::vector<std::uint8_t> TarReader::data() { return head(current_.bytes); }

std::vector<std::uint8_t> TarReader::head(std::int64_t bytes) {
  std::vector<std::uint8_t> content(static_cast<std::size_t>(std::min(bytes, current_.bytes)));
  const std::size_t got = input_.read(content.data(), content.size());
  at_ += static_cast<std::int64_t>(got);
  remaining_ -= static_cast<std::int64_t>(got);
  if (got == content.size()) return content;
  remaining_ = 0;
  const bool extension = is_extension(current_.type);
  throw TarDamage{extension ? "" : current_.name, "cut off: the file ends inside its data", !extension};
}

/// A tar ends with blocks of zeros. Anything else behind them is another tar, which unpacking would leave out, too.
void TarReader::check_end() {
  Block block;
  for (int i = 0; i < 2 * kRecordBlocks; ++i) {
    if (input_.read(block.data(), block.size()) < block.size()) return;
    if (all_zero(block)) continue;
    if (!checksum_holds(block)) return;
    throw TarDamage{"", "more lies behind the mark that closes it (tars put together?); only the first was listed"};
  }
}

}  // namespace coterie::inline images
