#include "coloured_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "coterie/report/html.hpp"
#include "text.hpp"

namespace coterie::inline report {
namespace {

struct TopicCount {
  std::int32_t topic = 0;
  std::int64_t words = 0;
};

/// The most frequent first, the lowest number among equals.
std::vector<TopicCount> topics_of(const ColouredWords& image) {
  std::map<std::int32_t, std::int64_t> counts;
  for (const auto& word : image.words) ++counts[word.topic];
  std::vector<TopicCount> topics;
  for (const auto& [topic, words] : counts) topics.push_back({topic, words});
  std::stable_sort(topics.begin(), topics.end(), [](const auto& a, const auto& b) { return a.words > b.words; });
  return topics;
}

std::string legend(const std::vector<TopicCount>& topics) {
  std::string out = "<ul class=\"legend\">";
  const auto entry = [&](std::size_t colour, const std::string& text) {
    fmt::format_to(std::back_inserter(out), "<li><span class=\"swatch\" style=\"background:{}\"></span>{}</li>",
                   kTopicColours[colour], text);
  };
  std::int64_t others = 0;
  for (std::size_t i = 0; i < topics.size(); ++i)
    if (i < kOwnColours)
      entry(i, fmt::format("<a href=\"#topic{0}\">topic {0}</a>: {1}", topics[i].topic, with_commas(topics[i].words)));
    else
      others += topics[i].words;
  if (others > 0)
    entry(kOwnColours, fmt::format("{} other topics: {}", topics.size() - kOwnColours, with_commas(others)));
  return out + "</ul>\n";
}

}  // namespace

std::string coloured_words_figure(const ColouredWords& image, const std::string& source) {
  const std::vector<TopicCount> topics = topics_of(image);
  std::map<std::int32_t, std::size_t> colours;
  for (std::size_t i = 0; i < topics.size(); ++i) colours[topics[i].topic] = std::min(i, kOwnColours);
  std::string halos, circles;
  for (const auto& word : image.words) {
    // SVG counts from the first pixel's corner.
    const std::string place =
        fmt::format("cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"", word.x + 0.5, word.y + 0.5, word.radius);
    fmt::format_to(std::back_inserter(halos), "<circle {}/>", place);
    fmt::format_to(std::back_inserter(circles), "<circle {} stroke=\"{}\"><title>word {}, topic {}</title></circle>\n",
                   place, kTopicColours[colours[word.topic]], word.word, word.topic);
  }
  const std::string alt = fmt::format("{} with its {} words as circles, coloured by topic", html_text(image.path),
                                      with_commas(std::ssize(image.words)));
  std::string out =
      fmt::format("<figure class=\"coloured\"><p class=\"strip-title\">{}</p>\n", html_text(image.heading));
  out += fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" "
      "aria-label=\"{2}\">\n<image width=\"{0}\" height=\"{1}\" preserveAspectRatio=\"none\" href=\"{3}\"/>\n"
      "<g class=\"halos\">{4}</g>\n<g class=\"words\">\n{5}</g></svg>\n",
      image.width, image.height, alt, source, halos, circles);
  out += legend(topics) + fmt::format("<figcaption>{}", html_text(image.path));
  if (image.left_out > 0) out += fmt::format("; {} more words are not drawn", with_commas(image.left_out));
  return out + "</figcaption></figure>\n";
}

}  // namespace coterie::inline report
