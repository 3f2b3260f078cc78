#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coterie {

/// One character of a text that may be no UTF-8 at all.
struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

/// The UTF-8 sequence at the start of `text`, which is not empty. An invalid one is a single byte long, so that the
/// next may be good.
Character first_character(std::string_view text);

/// Whether a person sees what is there: false for control characters, those that turn the direction of writing,
/// separators of lines, marks of byte order and codes that name no character.
bool may_be_shown(std::uint32_t code);

/// For a terminal or a log: a file's name may hold whatever moves a cursor, paints a window's title or starts a line
/// that looks like ours. What may not be shown becomes \n, \x1B or \u{202E}, a byte that is no UTF-8 \xE9.
std::string printable(std::string_view bytes);

/// The same for a message of several lines: those after the first are indented, so that none can pass for a message of
/// its own.
std::string printable_lines(std::string_view bytes);

}  // namespace coterie
