#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace coterie::inline study {

/// What an option's text must be. Each is checked when it is read, wherever it came from.
enum class OptionType {
  text,
  flag,    ///< true or false; on the command line its bare name means true
  count,   ///< a whole number within [least, most]
  real,    ///< a number within [least, most]
  size,    ///< bytes: 500MB, 4GiB, or "auto"
  choice,  ///< one of `choices`
  counts,  ///< whole numbers within [least, most]: 8 or 6,8,10 or 5-20; or the one word of `choices`
};

/// What an option decides.
enum class Role {
  result,  ///< what is computed: every one of these is part of the artifact's recipe
  place,   ///< where things lie and what they are called; of what is read, the recipe holds the content instead
  effort,  ///< how the work is done: threads, memory, batches
  output,  ///< what is written of a result for people: tables, figures, pictures
  action,  ///< what this one run does; not kept in a study file
};

/// One option, written once: the command line, the INI file, --help, --dump-config and the recipe all read this.
struct Option {
  std::string_view name;
  Role role = Role::result;
  OptionType type = OptionType::text;
  std::string_view fallback;  ///< the default as text; empty: none, or one that depends on other options
  std::string_view value;     ///< what --help calls its value, with the unit: DIR, ROWS, PIXELS
  std::string_view help;
  double least = 0;
  double most = std::numeric_limits<double>::infinity();
  std::string_view choices{};  ///< "none|standard|l2"
  bool untimed = false;  ///< changes next to nothing of how long the command takes: a calibration may differ in it
};

/// The largest number that a count may be where nothing else bounds it.
inline constexpr double kMaxCount = 1e15;

/// No upper bound.
inline constexpr double kMost = std::numeric_limits<double>::infinity();

/// Throws InvalidArgument, naming the option, the text and what would be right, unless the text fits.
void check_value(const Option& option, const std::string& text);

/// The one form of all texts that mean the same: "0.95" of ".95", "8-10" of "10,8,9", "4" of "04". The text must fit.
std::string canonical_value(const Option& option, const std::string& text);

/// "500MB" -> 500000000, "4GiB" -> 4294967296. Throws InvalidArgument.
std::int64_t parse_size(const std::string& text);

/// "5-8,10" -> 5, 6, 7, 8, 10: ascending, without repetition. Throws InvalidArgument.
std::vector<std::int64_t> parse_counts(const std::string& text);

/// A number as parse_counts and the like read it: by parse_as, which also takes ".95". Throws InvalidArgument.
double parse_real(const std::string& text);

}  // namespace coterie::inline study
