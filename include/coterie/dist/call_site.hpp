#pragma once

#include <cstdint>

namespace coterie::inline dist {

/// Where a function was called from: `CallSite where = CallSite::here()` as its last parameter. What
/// std::source_location is for, which clang 14, and with it clang-tidy, does not have yet.
struct CallSite {
  const char* file = "";
  std::uint32_t line = 0;

  static constexpr CallSite here(const char* file = __builtin_FILE(), std::uint32_t line = __builtin_LINE()) {
    return {file, line};
  }
};

}  // namespace coterie::inline dist
