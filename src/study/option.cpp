#include "coterie/study/option.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "coterie/base/errors.hpp"
#include "coterie/base/nearest_name.hpp"
#include "coterie/base/number.hpp"

namespace coterie::inline study {
using enum OptionType;
namespace {

[[noreturn]] void refuse(const Option& option, const std::string& given, const std::string& wanted) {
  throw InvalidArgument(fmt::format("--{} is \"{}\", must be {}", option.name, given, wanted));
}

std::string range_text(const Option& option, const char* what) {
  if (std::isinf(option.most) || option.most >= kMaxCount) return fmt::format("{} of at least {}", what, option.least);
  return fmt::format("{} from {} to {}", what, option.least, option.most);
}

std::vector<std::string> split(std::string_view list, char delimiter) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(delimiter, begin), list.size());
    parts.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

void check_value(const Option& option, const std::string& given) {
  switch (option.type) {
    case text:
      break;
    case flag:
      if (given != "true" && given != "false") refuse(option, given, "true or false");
      break;
    case count: {
      const auto value = parse_as<std::int64_t>(given);
      if (!value || static_cast<double>(*value) < option.least || static_cast<double>(*value) > option.most)
        refuse(option, given, range_text(option, "a whole number"));
      break;
    }
    case real:
      if (!parse_as<double>(given, option.least, option.most)) refuse(option, given, range_text(option, "a number"));
      break;
    case size:
      if (given != "auto") parse_size(given);
      break;
    case choice: {
      const auto choices = split(option.choices, '|');
      if (std::find(choices.begin(), choices.end(), given) == choices.end())
        refuse(option, given, fmt::format("one of {}{}", fmt::join(choices, ", "), did_you_mean(given, choices)));
      break;
    }
    case counts:
      if (given.empty() || given == option.choices) break;
      for (const auto value : parse_counts(given))
        if (static_cast<double>(value) < option.least || static_cast<double>(value) > option.most)
          refuse(option, given, range_text(option, "whole numbers"));
      break;
  }
}

std::int64_t parse_size(const std::string& given) {
  const std::size_t end = std::min(given.find_first_of("BKMGT"), given.size());
  const auto number = parse_as<double>(std::string_view(given).substr(0, end), 0.0, 0x1p62);
  const std::string unit = given.substr(end);
  constexpr std::pair<std::string_view, double> kUnits[] = {
      {"", 1},         {"B", 1},        {"KB", 1e3},     {"MB", 1e6},   {"GB", 1e9},   {"TB", 1e12},  {"KiB", 0x1p10},
      {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"K", 0x1p10}, {"M", 0x1p20}, {"G", 0x1p30}, {"T", 0x1p40}};
  for (const auto& [name, factor] : kUnits)
    if (number && unit == name && *number * factor < 0x1p62) return static_cast<std::int64_t>(*number * factor);
  throw InvalidArgument(fmt::format("\"{}\" is no size; write it as 500MB or 4GiB", given));
}

std::vector<std::int64_t> parse_counts(const std::string& given) {
  constexpr std::int64_t kMostNumbers = 100'000;
  // Far from where the next number, or the distance of two, is none any more.
  constexpr auto kMostWhole = static_cast<std::int64_t>(kMaxCount);
  const auto whole = [](const std::string& text) { return parse_as<std::int64_t>(text, -kMostWhole, kMostWhole); };
  std::set<std::int64_t> values;
  for (const auto& part : split(given, ',')) {
    const std::size_t dash = part.find('-', 1);
    const auto first = whole(part.substr(0, dash));
    const auto last = dash == std::string::npos ? first : whole(part.substr(dash + 1));
    require(first && last && *first <= *last, "\"{}\" is no list of whole numbers; write it as 8 or 6,8,10 or 5-20",
            given);
    require(*last - *first < kMostNumbers, "\"{}\" lists more than 100,000 numbers", given);
    for (auto value = *first; value <= *last; ++value) values.insert(value);
    require(std::ssize(values) <= kMostNumbers, "\"{}\" lists more than 100,000 numbers", given);
  }
  return {values.begin(), values.end()};
}

double parse_real(const std::string& given) {
  const auto value = parse_as<double>(given);
  require(value.has_value(), "\"{}\" is no number", given);
  return *value;
}

namespace {

// Runs of three and more as FIRST-LAST.
std::string counts_text(const std::vector<std::int64_t>& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size();) {
    std::size_t end = i + 1;
    while (end < values.size() && values[end] == values[end - 1] + 1) ++end;
    if (end - i < 3) end = i + 1;
    if (!text.empty()) text += ',';
    text += end - i == 1 ? fmt::to_string(values[i]) : fmt::format("{}-{}", values[i], values[end - 1]);
    i = end;
  }
  return text;
}

}  // namespace

std::string canonical_value(const Option& option, const std::string& given) {
  switch (option.type) {
    case count:
      return fmt::to_string(parse_as<std::int64_t>(given).value());
    case real:
      return fmt::format("{}", parse_real(given));
    case size:
      return given == "auto" ? given : fmt::to_string(parse_size(given));
    case counts:
      return given.empty() || given == option.choices ? given : counts_text(parse_counts(given));
    case text:
    case flag:
    case choice:
      break;
  }
  return given;
}

}  // namespace coterie::inline study
