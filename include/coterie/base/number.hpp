#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace coterie {

/// All of the text as a T, an integer or a floating-point number in [least, most]; nothing where it is anything else:
/// empty, with blanks, with a leading +, out of range. The one way to read numbers that programs write: options, names,
/// headers of files. NaN and infinity are numbers where no range is given.
template <typename T>
std::optional<T> parse_as(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename T>
std::optional<T> parse_as(std::string_view text, T least, T most) {
  const auto value = parse_as<T>(text);
  return value && *value >= least && *value <= most ? value : std::nullopt;
}

/// A number as people's tables write it: all of the text but blanks round it, which may begin with + and have an
/// exponent; also nan and inf. What lies too close to zero for a float is 0, what is too large infinite. False, with
/// `value` untouched, where the text is anything else.
bool parse_number(std::string_view text, float& value);

/// The same with a comma where others have the point, as spreadsheets of half of Europe write it: "0,5".
bool parse_comma_number(std::string_view text, float& value);

/// Whether parse_number takes it.
bool is_number(std::string_view text);

}  // namespace coterie
