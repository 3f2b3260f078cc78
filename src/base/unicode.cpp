#include "coterie/base/unicode.hpp"

#include <fmt/format.h>

#include <iterator>

namespace coterie {

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};  // shorter forms exist: overlong
  if (code < kLeast[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length, true};
}

bool may_be_shown(std::uint32_t code) {
  const bool control = code < 0x20 || (code >= 0x7F && code <= 0x9F);
  const bool turns_writing_around = code == 0x061C || code == 0x200E || code == 0x200F ||
                                    (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  const bool line_separator = code == 0x2028 || code == 0x2029;
  return !control && !turns_writing_around && !line_separator && code != 0xFEFF && (code & 0xFFFE) != 0xFFFE;
}

std::string printable(std::string_view bytes) {
  std::string out;
  for (auto rest = bytes; !rest.empty();) {
    const Character c = first_character(rest);
    if (c.valid && may_be_shown(c.code))
      out += rest.substr(0, c.bytes);
    else if (c.valid && c.code == '\n')
      out += "\\n";
    else if (c.valid && c.code == '\t')
      out += "\\t";
    else if (c.valid && c.code > 0x7F)
      fmt::format_to(std::back_inserter(out), "\\u{{{:X}}}", c.code);
    else
      fmt::format_to(std::back_inserter(out), "\\x{:02X}", static_cast<unsigned char>(rest.front()));
    rest.remove_prefix(c.bytes);
  }
  return out;
}

std::string printable_lines(std::string_view bytes) {
  std::string out;
  for (std::size_t begin = 0; begin <= bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    if (begin > 0) out += "\n  ";
    out += printable(bytes.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace coterie
