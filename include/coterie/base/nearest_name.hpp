#pragma once

#include <span>
#include <string>
#include <string_view>

namespace coterie {

/// The candidate that a person who typed `word` most likely meant: the least edit distance (Levenshtein), the
/// first of equals. Empty when none is near, that is, within a third of the longer word's length (at least 2).
std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

/// `; did you mean "X"?` for the end of an error message, or nothing when no candidate is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace coterie
