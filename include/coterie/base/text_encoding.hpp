#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coterie {

/// What the bytes of a text that is no UTF-8 stand for.
enum class Encoding {
  automatic,     ///< Windows-1252, unless the bytes as they are name something that is there
  bytes,         ///< nothing but themselves: file names of old systems
  windows_1252,  ///< as Excel's CSV has them in Western Europe; of Latin-1 a superset
};

/// A text as a person's program wrote it, without what only says how: a byte-order mark is taken off, and UTF-16 (which
/// a mark announces, or a NUL in every other byte of the first four) becomes UTF-8. All else stays as it is. `name`
/// stands for the file in messages. Throws FileError for UTF-16 that is cut or damaged, and for UTF-32.
std::string unmarked_text(std::string bytes, const std::string& name);

/// Its lines, without their ends, LF or CRLF; a last one that is empty is none.
std::vector<std::string> lines_of(const std::string& text);

/// Whether all of it is UTF-8.
bool is_utf8(std::string_view text);

/// Windows-1252 as UTF-8. The five bytes that it gives no character become control characters, as in browsers.
std::string from_windows_1252(std::string_view bytes);

}  // namespace coterie
