#include "text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace coterie::inline report {
namespace {

constexpr char kDash[] = "–";

std::string with_true_minus(const std::string& number) {
  return number.front() == '-' ? "−" + number.substr(1) : number;
}

}  // namespace

std::string with_commas(std::int64_t count) {
  std::string digits = fmt::format("{}", count);
  const std::size_t sign = count < 0 ? 1 : 0;
  for (std::size_t place = digits.size(); place > sign + 3;) digits.insert(place -= 3, 1, ',');
  return with_true_minus(digits);
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return kDash;
  if (std::fabs(value) >= 1000 && std::fabs(value) < 1e9) return with_commas(std::llround(value));
  return with_true_minus(fmt::format("{:.4g}", value));
}

std::string index_text(double value) {
  if (!std::isfinite(value)) return kDash;
  const std::string text = fmt::format("{:.3f}", value);
  return text == "-0.000" ? "0.000" : with_true_minus(text);
}

std::string share_text(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return kDash;
  return fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace coterie::inline report
