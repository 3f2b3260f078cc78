#include "coterie/images/natural_order.hpp"

#include <algorithm>
#include <cstddef>

namespace coterie::inline images {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Cuts the leading run of digits, or of anything else, off `text`.
std::string_view take_run(std::string_view& text, bool digits) {
  const auto end = std::find_if(text.begin(), text.end(), [&](char c) { return is_digit(c) != digits; });
  const std::string_view run = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(run.size());
  return run;
}

int compare_numbers(std::string_view a, std::string_view b) {
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  // What both begin with decides nothing, unless it ends inside a number.
  auto common = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  while (common > 0 && is_digit(a[common - 1])) --common;
  std::string_view rest_a = a.substr(common), rest_b = b.substr(common);
  // Pieces alternate and the first is text, perhaps empty; the one that runs out of pieces first is the smaller.
  for (bool digits = false; !rest_a.empty() && !rest_b.empty(); digits = !digits) {
    const std::string_view piece_a = take_run(rest_a, digits), piece_b = take_run(rest_b, digits);
    const int order = digits ? compare_numbers(piece_a, piece_b) : piece_a.compare(piece_b);
    if (order != 0) return order < 0;
  }
  if (rest_a.empty() != rest_b.empty()) return rest_a.empty();
  return a < b;
}

}  // namespace coterie::inline images
