#pragma once

#include <cstdint>
#include <string>

namespace coterie::inline report {

/// "1,234,567".
std::string with_commas(std::int64_t count);

/// Four significant digits for reading: "0.01234", "12.34", "1,234", "1,234,567", "1.234e+12"; "–" when not finite.
std::string number_text(double value);

/// Three decimals with a true minus sign, for indices in [-1, 1]: "0.213", "−0.040"; "–" when not finite.
std::string index_text(double value);

/// part of whole: "12.3 %"; "–" when the whole is 0.
std::string share_text(std::int64_t part, std::int64_t whole);

}  // namespace coterie::inline report
