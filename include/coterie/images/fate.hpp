#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coterie::inline images {

/// What became of a listed file. Every image has exactly one; the values are stored, never renumber them.
enum class Fate : std::uint8_t {
  ok = 0,
  unreadable,
  empty,
  unsupported,
  damaged,
  too_large,
  duplicate,
  not_found,
  changed,
  pending = 255,
};

inline constexpr std::array kFates = {Fate::ok,      Fate::unreadable, Fate::empty,     Fate::unsupported,
                                      Fate::damaged, Fate::too_large,  Fate::duplicate, Fate::not_found,
                                      Fate::changed, Fate::pending};

/// "ok", "too large", …: for tables. Throws InvalidArgument for a value that is no fate.
std::string_view fate_name(Fate fate);

/// One sentence for a person who has never heard of it.
std::string_view fate_explanation(Fate fate);

}  // namespace coterie::inline images
