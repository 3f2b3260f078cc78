#include "coterie/tiles/vector_width.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace coterie::inline tiles {
namespace {

constexpr std::array kAll = {VectorWidth::narrow, VectorWidth::avx2, VectorWidth::avx512};

/// How many of kAll this processor can run: each implies those before it.
std::size_t count_widths() {
#if defined(__x86_64__)
  __builtin_cpu_init();  // this may run before the constructors that would
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return 1;
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vnni");
  return avx512 ? 3 : 2;
#else
  return 1;
#endif
}

VectorWidth choose() {
  const auto widths = vector_widths();
  const char* const wanted = std::getenv("COTERIE_VECTORS");
  if (wanted == nullptr || *wanted == '\0') return widths.back();
  for (const VectorWidth width : widths)
    if (name_of(width) == wanted) return width;
  std::fprintf(stderr, "COTERIE_VECTORS is '%s'; this processor can run", wanted);
  for (const VectorWidth width : widths) std::fprintf(stderr, " %s", name_of(width).data());
  std::fputs("\n", stderr);
  std::_Exit(2);
}

}  // namespace

std::string_view name_of(VectorWidth width) {
  switch (width) {
    case VectorWidth::avx512:
      return "avx512";
    case VectorWidth::avx2:
      return "avx2";
    case VectorWidth::narrow:
      break;
  }
  return "narrow";
}

std::span<const VectorWidth> vector_widths() {
  static const std::size_t count = count_widths();
  return std::span(kAll).first(count);
}

VectorWidth vector_width_detail::in_use = choose();

void use_vector_width(VectorWidth width) { vector_width_detail::in_use = width; }

}  // namespace coterie::inline tiles
