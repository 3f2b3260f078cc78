#pragma once

#include <string_view>

namespace coterie::inline images {

/// Whether `a` comes before `b` when runs of digits count as numbers: "img2.png" before "img10.png".
///
/// The order of Python's natsort with its default algorithm on strings: a text is cut into alternating pieces of
/// text and unsigned integers (of any length, ASCII digits), compared piece by piece. Text compares by its bytes,
/// which for UTF-8 is the order of code points; natsort's Unicode normalisation is not repeated. Texts that natsort
/// holds equal ("a1" and "a01") are ordered by their bytes, so that the order is total.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace coterie::inline images
