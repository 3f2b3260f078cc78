#pragma once

#include <string_view>

namespace coterie {

/// A number as people's tables write it: all of the text but blanks round it, which may begin with + and have an
/// exponent; also nan and inf. What lies too close to zero for a float is 0, what is too large infinite. False, with
/// `value` untouched, where the text is anything else.
bool parse_number(std::string_view text, float& value);

/// The same with a comma where others have the point, as spreadsheets of half of Europe write it: "0,5".
bool parse_comma_number(std::string_view text, float& value);

/// Whether parse_number takes it.
bool is_number(std::string_view text);

}  // namespace coterie
