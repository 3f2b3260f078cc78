// The style sheet: can what is written be read?

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <regex>
#include <string>

#include "report_css.hpp"

namespace coterie {
namespace {

using Colours = std::map<std::string, std::array<double, 3>>;  ///< sRGB, in [0, 1]

/// The variables of one form of the page, by what stands before them.
Colours colours_after(const std::string& begin) {
  const std::string css = kReportCss;
  const std::size_t from = css.find(begin), to = css.find('}', from);
  REQUIRE(from != std::string::npos);
  const std::string rules = css.substr(from, to - from);
  static const std::regex variable("--([a-z-]+): #([0-9a-f]+);");
  Colours colours;
  for (std::sregex_iterator each(rules.begin(), rules.end(), variable), end; each != end; ++each) {
    std::string digits = (*each)[2];
    if (digits.size() == 3) digits = {digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]};
    for (std::size_t i = 0; i < 3; ++i)
      colours[(*each)[1]][i] = std::stoi(digits.substr(2 * i, 2), nullptr, 16) / 255.0;
  }
  return colours;
}

double luminance(const std::array<double, 3>& colour) {
  const auto linear = [](double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
  return 0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2]);
}

/// WCAG 2's.
double contrast(const std::array<double, 3>& one, const std::array<double, 3>& other) {
  const double first = luminance(one) + 0.05, second = luminance(other) + 0.05;
  return std::max(first, second) / std::min(first, second);
}

std::array<double, 3> over(const std::array<double, 3>& colour, double share, const std::array<double, 3>& below) {
  std::array<double, 3> mixed{};
  for (std::size_t i = 0; i < 3; ++i) mixed[i] = share * colour[i] + (1 - share) * below[i];
  return mixed;
}

}  // namespace

TEST_CASE("letters stand out from what is behind them, by day, in the dark and on paper") {
  const Colours day = colours_after(":root {");
  for (const std::string form : {":root {", "(prefers-color-scheme: dark)", "@media print"}) {
    CAPTURE(form);
    Colours colours = colours_after(form);
    colours.insert(day.begin(), day.end());
    const auto check = [&](const std::string& ink, const std::array<double, 3>& paper, double least) {
      CAPTURE(ink);
      CHECK(contrast(colours.at(ink), paper) >= least);
    };
    for (const char* ink : {"ink", "soft", "link"}) check(ink, colours.at("paper"), 4.5);
    for (const char* ink : {"ink", "soft"}) check(ink, colours.at("tint"), 4.5);
    for (const char* ink : {"ink", "alarm"}) check(ink, colours.at("alarm-paper"), 4.5);
    check("ink", over({43 / 255.0, 123 / 255.0, 186 / 255.0}, 0.6, colours.at("paper")), 4.5);  // a crosstab's fullest
  }
}

TEST_CASE("on paper nothing stays folded, and what scrolls on a screen is whole") {
  const std::string css = kReportCss;
  const std::string print = css.substr(css.find("@media print"));
  for (const char* rule :
       {"details::details-content { content-visibility: visible;", ".scroll { background: none; overflow: visible;",
        ".cluster { break-inside: auto;", "nav, .walk, .files { display: none; }"})
    CHECK_MESSAGE(print.find(rule) != std::string::npos, rule);
}

}  // namespace coterie
