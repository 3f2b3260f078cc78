#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coterie::inline images {

/// What became of a listed file. Every image has exactly one; the values are stored, never renumber them.
enum class ImageStatus : std::uint8_t {
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

inline constexpr std::array kImageStatuses = {ImageStatus::ok,          ImageStatus::unreadable, ImageStatus::empty,
                                              ImageStatus::unsupported, ImageStatus::damaged,    ImageStatus::too_large,
                                              ImageStatus::duplicate,   ImageStatus::not_found,  ImageStatus::changed,
                                              ImageStatus::pending};

/// "ok", "too large", …: for tables. Throws InvalidArgument for a value that is no status.
std::string_view status_name(ImageStatus status);

/// One sentence for a person who has never heard of it.
std::string_view status_explanation(ImageStatus status);

}  // namespace coterie::inline images
