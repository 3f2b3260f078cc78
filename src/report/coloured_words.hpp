#pragma once

#include <string>

#include "coterie/report/topic_page.hpp"

namespace coterie::inline report {

/// Topics beyond the most frequent ones of an image share the last colour, a grey.
inline constexpr const char* kTopicColours[] = {"#2b7bba", "#cf6420", "#0d8f6c", "#b0559a", "#9a7a00", "#7d8085"};
inline constexpr std::size_t kOwnColours = std::size(kTopicColours) - 1;

/// The picture below its words as one <svg>, and a legend of the topics with their numbers of words. `source`: of the
/// picture, for href="".
std::string coloured_words_figure(const ColouredWords& image, const std::string& source);

}  // namespace coterie::inline report
