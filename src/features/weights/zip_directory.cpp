// Format: PKWARE's APPNOTE.TXT 6.3, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14-16 (its end,
// zip64 and not), 4.5.3 (the zip64 extra field).

#include "weights/zip_directory.hpp"

#include <algorithm>

#include "coterie/base/errors.hpp"

namespace coterie::inline features {
namespace {

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::uint64_t kInZip64 = 0xffffffff;  // a 32-bit field that says: see the zip64 record

struct Member {
  std::string name;
  std::uint16_t method = 0;
  std::uint64_t packed = 0, unpacked = 0, header = 0;
};

void expect(ByteReader& reader, std::uint32_t signature, const char* what) {
  if (reader.u32() != signature) reader.fail(fmt::format("its zip {} is damaged", what));
}

// The end record is the last 22 bytes, unless a comment of up to 65,535 bytes follows it.
std::size_t find_end(Bytes bytes, const ByteReader& reader) {
  constexpr std::size_t kLength = 22, kComment = 65535;
  const std::size_t earliest = bytes.size() > kLength + kComment ? bytes.size() - kLength - kComment : 0;
  for (std::size_t at = bytes.size() < kLength ? 0 : bytes.size() - kLength + 1; at-- > earliest;)
    if (bytes[at] == 'P' && bytes[at + 1] == 'K' && bytes[at + 2] == 5 && bytes[at + 3] == 6) return at;
  reader.fail("is a zip archive without its end: truncated; fetch it again");
}

struct Directory {
  std::uint64_t entries = 0, offset = 0;
};

Directory read_end(ByteReader& reader, std::size_t end) {
  reader.seek(end);
  expect(reader, kEnd, "end");
  reader.take(6);
  Directory directory{reader.u16(), 0};
  reader.take(4);
  directory.offset = reader.u32();
  if (end < 20) return directory;
  reader.seek(end - 20);
  if (reader.u32() != kLocator64) return directory;
  reader.take(4);
  reader.seek(reader.u64());
  expect(reader, kEnd64, "zip64 end");
  reader.take(28);
  directory.entries = reader.u64();
  reader.take(8);
  directory.offset = reader.u64();
  return directory;
}

// Each field stands in the zip64 record only when its 32-bit place is full, in this order.
void read_zip64_extra(Member& member, ByteReader extra) {
  while (extra.remaining() >= 4) {
    const auto tag = extra.u16();
    const auto length = extra.u16();
    if (tag != 1) {
      extra.take(length);
      continue;
    }
    for (std::uint64_t* field : {&member.unpacked, &member.packed, &member.header})
      if (*field == kInZip64) *field = extra.u64();
    return;
  }
}

Member read_member(ByteReader& reader, const std::string& path) {
  expect(reader, kCentral, "directory");
  reader.take(6);
  Member member;
  member.method = reader.u16();
  reader.take(8);
  member.packed = reader.u32();
  member.unpacked = reader.u32();
  const auto name = reader.u16(), extra = reader.u16(), comment = reader.u16();
  reader.take(8);
  member.header = reader.u32();
  member.name = reader.text(name);
  read_zip64_extra(member, ByteReader(reader.take(extra), path));
  reader.take(comment);
  return member;
}

ZipMember find_bytes(ByteReader reader, const Member& member) {
  if (member.method != 0 || member.packed != member.unpacked) return {{}, true};
  reader.seek(member.header);
  expect(reader, kLocal, "member header");
  reader.take(22);
  const auto name = reader.u16(), extra = reader.u16();
  reader.take(static_cast<std::uint64_t>(name) + extra);
  return {reader.take(member.packed), false};
}

}  // namespace

std::map<std::string, ZipMember> read_zip_directory(const FileBytes& file) {
  ByteReader reader(file.bytes, file.path);
  const Directory directory = read_end(reader, find_end(file.bytes, reader));
  reader.seek(directory.offset);
  std::map<std::string, ZipMember> members;
  for (std::uint64_t entry = 0; entry < directory.entries; ++entry) {
    const Member member = read_member(reader, file.path);
    if (!members.emplace(member.name, find_bytes(ByteReader(file.bytes, file.path), member)).second)
      reader.fail(fmt::format("holds its member '{}' twice: damaged", member.name));
  }
  return members;
}

Bytes stored_bytes(const FileBytes& file, const std::string& name, const ZipMember& member) {
  if (member.compressed)
    throw FileError(file.path, fmt::format("its member '{}' is compressed; PyTorch stores members as they are", name));
  return member.bytes;
}

}  // namespace coterie::inline features
