#include "listing/brace_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "coterie/base/errors.hpp"
#include "coterie/base/number.hpp"

namespace coterie::inline images {

namespace {

using Texts = std::vector<std::string>;
constexpr std::size_t kMost = 1'000'000;
constexpr std::int64_t kLargest = 1'000'000'000'000;

void require_few(std::size_t texts) {
  require(texts <= kMost, "a pattern stands for {} names or more, which is more than {}", texts, kMost);
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  return parse_as<std::int64_t>(text, -kLargest, kLargest);
}

bool has_leading_zero(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text.front() == '0';
}

/// "FIRST..LAST" or "FIRST..LAST..STEP"; empty when it is none.
Texts count_out(std::string_view inside) {
  const std::size_t first_end = inside.find("..");
  if (first_end == inside.npos) return {};
  const std::size_t last_begin = first_end + 2, last_end = std::min(inside.find("..", last_begin), inside.size());
  const std::string_view first_text = inside.substr(0, first_end),
                         last_text = inside.substr(last_begin, last_end - last_begin);
  const auto first = whole_number(first_text), last = whole_number(last_text);
  const auto step =
      last_end == inside.size() ? std::optional<std::int64_t>(1) : whole_number(inside.substr(last_end + 2));
  if (!first || !last || !step || *step == 0) return {};
  const bool padded = has_leading_zero(first_text) || has_leading_zero(last_text);
  const std::size_t width = padded ? std::max(first_text.size(), last_text.size()) : 0;
  const std::int64_t by = (*step < 0 ? -*step : *step) * (*first <= *last ? 1 : -1);
  require_few(static_cast<std::size_t>((*last - *first) / by + 1));
  Texts texts;
  for (std::int64_t value = *first; by > 0 ? value <= *last : value >= *last; value += by)
    texts.push_back(fmt::format("{:0{}}", value, width));
  return texts;
}

/// Cuts at commas that lie in no inner braces.
std::vector<std::string_view> split_outside(std::string_view inside) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '{') ++depth;
    if (inside[i] == '}') --depth;
    if (inside[i] != ',' || depth != 0) continue;
    parts.push_back(inside.substr(begin, i - begin));
    begin = i + 1;
  }
  parts.push_back(inside.substr(begin));
  return parts;
}

std::size_t closing_brace(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return text.npos;
}

Texts expand(std::string_view text) {
  const std::size_t open = text.find('{');
  const std::size_t close = open == text.npos ? text.npos : closing_brace(text, open);
  if (close == text.npos) return {std::string(text)};
  const std::string_view inside = text.substr(open + 1, close - open - 1);
  Texts middles = count_out(inside);
  const auto parts = split_outside(inside);
  if (middles.empty() && parts.size() > 1) {
    for (const auto part : parts)
      for (auto& each : expand(part)) middles.push_back(std::move(each));
  } else if (middles.empty()) {
    for (const auto& each : expand(inside)) middles.push_back("{" + each + "}");
  }
  const Texts rests = expand(text.substr(close + 1));
  require_few(middles.size() * rests.size());
  Texts texts;
  for (const auto& middle : middles)
    for (const auto& rest : rests) texts.push_back(std::string(text.substr(0, open)) + middle + rest);
  return texts;
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) { return expand(pattern); }

}  // namespace coterie::inline images
