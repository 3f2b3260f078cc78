#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace coterie::inline images {

/// What a person should know of an image that was read: its file says more than the pixels that were taken. An image
/// has a set of them, the sum of their values; the values are stored, never renumber them.
enum class Remark : std::int32_t {
  pages = 1,
  few_bits = 2,
  signed_samples = 4,
  extra_samples = 8,
  untagged_alpha = 16,
  colour_profile = 32,
  no_end_marker = 64,
};

inline constexpr std::array kRemarks = {Remark::pages,         Remark::few_bits,       Remark::signed_samples,
                                        Remark::extra_samples, Remark::untagged_alpha, Remark::colour_profile,
                                        Remark::no_end_marker};

/// "several pages or frames": a name, for tables. Throws InvalidArgument for a value that is no remark.
std::string_view remark_name(Remark remark);

/// One sentence: what was taken and, where there is another way, how to ask for it.
std::string_view remark_explanation(Remark remark);

}  // namespace coterie::inline images
