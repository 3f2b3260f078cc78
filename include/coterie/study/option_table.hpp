#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coterie {

/// What an option's text must be. Each is checked when it is read, wherever it came from.
enum class OptionType {
  text,
  flag,    ///< true or false; on the command line its bare name means true
  count,   ///< a whole number within [least, most]
  real,    ///< a number within [least, most]
  size,    ///< bytes: 500MB, 4GiB, or "auto"
  choice,  ///< one of `choices`
  counts,  ///< whole numbers within [least, most]: 8 or 6,8,10 or 5-20
};

/// One option, written once: the command line, the INI file, --help and --dump-config all read this.
struct Option {
  std::string_view name;
  std::string_view commands;  ///< which take it, separated by blanks; "*" for all
  OptionType type = OptionType::text;
  std::string_view fallback;  ///< the default as text; empty: none
  std::string_view value;     ///< what --help calls its value, with the unit: DIR, ROWS, PIXELS
  std::string_view help;
  double least = 0;
  double most = std::numeric_limits<double>::infinity();
  std::string_view choices{};  ///< "none|standard|l2"
};

/// All options of all commands, in the order in which --help shows them.
std::span<const Option> option_table();

/// Whether `option` belongs to `command`. Every option belongs to "run", which hands it on.
bool takes(std::string_view command, const Option& option);

/// The option of that name; throws InvalidArgument that offers the nearest name the command takes.
const Option& find_option(std::string_view command, const std::string& name);

/// Throws InvalidArgument, naming the option, the text and what would be right, unless the text fits.
void check_value(const Option& option, const std::string& text);

/// "500MB" -> 500000000, "4GiB" -> 4294967296. Throws InvalidArgument.
std::int64_t parse_size(const std::string& text);

/// "5-8,10" -> 5, 6, 7, 8, 10: ascending, without repetition. Throws InvalidArgument.
std::vector<std::int64_t> parse_counts(const std::string& text);

}  // namespace coterie
