#include "listing/text_repairs.hpp"

#include <algorithm>
#include <cstdint>

#include "coterie/base/unicode.hpp"

namespace coterie::inline images {
namespace {

std::string trimmed(std::string text, std::string_view away) {
  const auto first = text.find_first_not_of(away);
  if (first == text.npos) return text;
  return text.substr(first, text.find_last_not_of(away) - first + 1);
}

std::string without_blanks(const std::string& path) { return trimmed(path, " \t"); }
std::string without_quotes(const std::string& path) { return trimmed(path, "\"'`"); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

std::string without_percent_codes(const std::string& path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool code =
        path[i] == '%' && i + 2 < path.size() && hex_digit(path[i + 1]) >= 0 && hex_digit(path[i + 2]) >= 0;
    out += code ? static_cast<char>(hex_digit(path[i + 1]) * 16 + hex_digit(path[i + 2])) : path[i];
    if (code) i += 2;
  }
  return out;
}

/// The list's reader has made "file:///a" into "file:/a".
std::string without_scheme(const std::string& path) {
  for (const std::string_view scheme : {"file:", "https:/", "http:/", "s3:/", "gs:/"})
    if (path.starts_with(scheme) && path.size() > scheme.size()) return path.substr(scheme.size());
  return path;
}

/// Of "C:\a\b.jpg" what comes behind the drive, too.
std::string with_slashes(const std::string& path) {
  std::string out = path;
  std::replace(out.begin(), out.end(), '\\', '/');
  const bool drive = out.size() > 3 && out[1] == ':' && out[2] == '/';
  return drive ? out.substr(3) : out;
}

std::string first_field(const std::string& line) {
  for (const char mark : {'\t', ';', ',', ' '})
    if (const auto at = line.find(mark); at != line.npos && at > 0) return line.substr(0, at);
  return line;
}

std::vector<std::uint32_t> codes_of(std::string_view text) {
  std::vector<std::uint32_t> codes;
  while (!text.empty()) {
    const Character character = first_character(text);
    codes.push_back(character.valid ? character.code : 0x110000U + static_cast<unsigned char>(text.front()));
    text.remove_prefix(character.bytes);
  }
  return codes;
}

/// Those that stand behind a letter: of Latin and the like, of kana.
bool is_mark(std::uint32_t code) {
  return (code >= 0x0300 && code <= 0x036F) || (code >= 0x1AB0 && code <= 0x1AFF) ||
         (code >= 0x1DC0 && code <= 0x1DFF) || code == 0x3099 || code == 0x309A;
}

/// The codes from `at` on that a Korean syllable is taken apart into: how many, or 0 (the Unicode Standard, 3.12).
std::size_t korean_parts(std::uint32_t syllable, const std::vector<std::uint32_t>& codes, std::size_t at) {
  if (syllable < 0xAC00 || syllable > 0xD7A3) return 0;
  const std::uint32_t number = syllable - 0xAC00;
  const std::vector<std::uint32_t> parts = {0x1100 + number / 588, 0x1161 + number % 588 / 28, 0x11A7 + number % 28};
  const std::size_t count = parts.back() == 0x11A7 ? 2 : 3;
  if (at + count > codes.size()) return 0;
  return std::equal(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(count),
                    codes.begin() + static_cast<std::ptrdiff_t>(at))
             ? count
             : 0;
}

/// How many codes of `apart` from `at` on the single character `whole` may stand for; 0 for none.
std::size_t parts_of(std::uint32_t whole, const std::vector<std::uint32_t>& apart, std::size_t at) {
  if (whole < 0x80 || is_mark(whole)) return 0;
  if (const std::size_t count = korean_parts(whole, apart, at); count > 0) return count;
  std::size_t end = at + 1;
  while (end < apart.size() && is_mark(apart[end])) ++end;
  return end > at + 1 ? end - at : 0;
}

bool same_letters(const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i] == b[j] && (i + 1 == a.size() || !is_mark(a[i + 1])) == (j + 1 == b.size() || !is_mark(b[j + 1]))) {
      ++i, ++j;
    } else if (const std::size_t count = parts_of(a[i], b, j); count > 0) {
      ++i, j += count;
    } else if (const std::size_t other = parts_of(b[j], a, i); other > 0) {
      ++j, i += other;
    } else {
      return false;
    }
  }
  return i == a.size() && j == b.size();
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

const std::vector<TextRepair>& text_repairs() {
  static const std::vector<TextRepair> repairs = {
      {"have blanks around them", "remove the blanks before and behind each path", without_blanks},
      {"stand in quotation marks", "remove the quotation marks", without_quotes},
      {"are followed by more in their lines",
       "keep the path alone in each line, or make it a table with a header line "
       "(.csv, .tsv)",
       first_field, true},
      {"are written as addresses", "remove what stands before the path, such as file://", without_scheme},
      {"hold codes such as %20", "write the characters themselves for codes such as %20", without_percent_codes},
      {"are written as on Windows, with \\", "replace each \\ by /, and remove the drive (C:/)", with_slashes},
  };
  return repairs;
}

Spelling compare_spelling(std::string_view a, std::string_view b) {
  if (a.size() == b.size() &&
      std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); }))
    return Spelling::letter_case;
  const auto ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(a.begin(), a.end(), ascii) || std::all_of(b.begin(), b.end(), ascii)) return Spelling::other;
  return same_letters(codes_of(a), codes_of(b)) ? Spelling::unicode : Spelling::other;
}

}  // namespace coterie::inline images
