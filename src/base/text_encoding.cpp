#include "coterie/base/text_encoding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "coterie/base/errors.hpp"
#include "coterie/base/unicode.hpp"

namespace coterie {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMarkUtf8 = "\xEF\xBB\xBF", kMarkLittle = "\xFF\xFE", kMarkBig = "\xFE\xFF";

// Of the bytes 0x80 to 0x9F.
constexpr std::array<std::uint16_t, 32> kWindows1252 = {0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                        0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
                                                        0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                        0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto follow = [&](int shift) { put(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    follow(6);
  } else {
    put(0xF0 | code >> 18);
    follow(12);
    follow(6);
  }
  follow(0);
}

std::string from_utf16(std::string_view bytes, bool big_endian, const std::string& name) {
  const auto damaged = [&](std::size_t at) {
    return FileError(name, fmt::format("is UTF-16 that is damaged at byte {}; save it as UTF-8", at));
  };
  if (bytes.size() % 2 != 0) throw damaged(bytes.size());
  const auto unit = [&](std::size_t at) {
    const auto first = static_cast<unsigned char>(bytes[at]), second = static_cast<unsigned char>(bytes[at + 1]);
    return static_cast<std::uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 2) {
    std::uint32_t code = unit(at);
    if (code >= 0xD800 && code <= 0xDFFF) {  // the first half of a character, or a second half alone
      if (code >= 0xDC00 || at + 4 > bytes.size()) throw damaged(at);
      const std::uint32_t second = unit(at + 2);
      if (second < 0xDC00 || second > 0xDFFF) throw damaged(at);
      code = 0x10000 + ((code & 0x3FF) << 10 | (second & 0x3FF));
      at += 2;
    }
    append_utf8(text, code);
  }
  return text;
}

}  // namespace

std::string unmarked_text(std::string bytes, const std::string& name) {
  const std::string_view view = bytes;
  if (view.starts_with("\xFF\xFE\0\0"sv) || view.starts_with("\0\0\xFE\xFF"sv))
    throw FileError(name, "is UTF-32; save it as UTF-8");
  if (view.starts_with(kMarkUtf8)) return bytes.erase(0, kMarkUtf8.size());
  const bool nul = view.find('\0') != view.npos;  // of a line's end, at the least: names may begin with such bytes, too
  if (nul && view.starts_with(kMarkLittle)) return from_utf16(view.substr(2), false, name);
  if (nul && view.starts_with(kMarkBig)) return from_utf16(view.substr(2), true, name);
  const auto is_nul = [&](std::size_t at) { return view[at] == '\0'; };
  if (view.size() < 4 || view.size() % 2 != 0 || is_nul(0) == is_nul(1) || is_nul(0) != is_nul(2) ||
      is_nul(1) != is_nul(3))
    return bytes;
  return from_utf16(view, is_nul(0), name);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const bool carriage = end > begin && text[end - 1] == '\r';
    lines.push_back(text.substr(begin, end - begin - (carriage ? 1 : 0)));
    begin = end + 1;
  }
  return lines;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const Character c = first_character(text);
    if (!c.valid) return false;
    text.remove_prefix(c.bytes);
  }
  return true;
}

std::string from_windows_1252(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append_utf8(text, byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80U] : byte);
  }
  return text;
}

}  // namespace coterie
