#include "coterie/base/number.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <system_error>

namespace coterie {
namespace {

// Further than a float reaches: zero, or infinite. Of 0.000…1 with hundreds of digits the exponent alone says nothing,
// but a double reaches far enough for all that anybody writes.
float out_of_range(std::string_view text) {
  double wide = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), wide);
  const auto exponent = text.find_first_of("eE");
  const bool tiny = error == std::errc::result_out_of_range
                        ? exponent != text.npos && text.substr(exponent + 1, 1) == "-"
                        : std::abs(wide) < 1;
  const float size = tiny ? 0.0F : std::numeric_limits<float>::infinity();
  return text.front() == '-' ? -size : size;
}

}  // namespace

bool parse_number(std::string_view text, float& value) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text = text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
  if (text.starts_with('+') && !text.substr(1).starts_with('-')) text.remove_prefix(1);
  float found = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), found);
  if (error == std::errc::invalid_argument || stop != text.data() + text.size()) return false;
  value = error == std::errc() ? found : out_of_range(text);
  return true;
}

bool parse_comma_number(std::string_view text, float& value) {
  const std::size_t comma = text.find(',');
  if (comma == text.npos || text.find('.') != text.npos) return false;
  std::string point(text);
  point[comma] = '.';
  return parse_number(point, value);
}

bool is_number(std::string_view text) {
  float ignored = 0;
  return parse_number(text, ignored);
}

}  // namespace coterie
