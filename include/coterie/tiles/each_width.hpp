#pragma once

// Compiles a file of kernels once for each vector width and gives the caller the one that the processor is best at:
//
//     #define COTERIE_KERNELS "rows/panel_tiles.hpp"   // no include guard; defines constexpr ... kKernels
//     #include "coterie/tiles/each_width.hpp"
//     ...
//     kernels().dots(rows, panel, dots);               // kernels(): kKernels of the width in use
//
// The file is included in namespace coterie::(anonymous)::narrow, ::avx2 and ::avx512 (the latter two on x86 alone),
// after coterie/tiles/tile.hpp, and must include nothing itself: whatever it needs is included before this, for all
// targets. Everything that it defines is compiled for the width's instructions and stays in this file, so that no
// function of a wider width is ever linked in place of a narrower one's.
//
// Once in a source file, last of its headers, outside all namespaces.

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "coterie/tiles/row_tiles.hpp"
#include "coterie/tiles/vector_width.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vectors are passed only to functions that are compiled into their callers. To the end of the source file, where the
// compiler makes the functions of templates.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace coterie {
namespace {

namespace narrow {
#define COTERIE_VECTOR_BYTES 16
#include "coterie/tiles/tile.hpp"
#ifdef COTERIE_KERNELS
#include COTERIE_KERNELS
#endif
#undef COTERIE_VECTOR_BYTES
}  // namespace narrow

#if defined(__x86_64__)

#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#define COTERIE_VECTOR_BYTES 32
#include "coterie/tiles/tile.hpp"
#ifdef COTERIE_KERNELS
#include COTERIE_KERNELS
#endif
#undef COTERIE_VECTOR_BYTES
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512vl,avx512dq,avx512bw,avx512vnni")
namespace avx512 {
#define COTERIE_VECTOR_BYTES 64
#include "coterie/tiles/tile.hpp"
#ifdef COTERIE_KERNELS
#include COTERIE_KERNELS
#endif
#undef COTERIE_VECTOR_BYTES
}  // namespace avx512
#pragma GCC pop_options

#endif

#ifdef COTERIE_KERNELS

[[maybe_unused]] inline const auto& kernels_of(VectorWidth width) {
#if defined(__x86_64__)
  if (width == VectorWidth::avx512) return avx512::kKernels;
  if (width == VectorWidth::avx2) return avx2::kKernels;
#endif
  static_cast<void>(width);
  return narrow::kKernels;
}

[[maybe_unused]] inline const auto& kernels() { return kernels_of(vector_width()); }

#endif

}  // namespace
}  // namespace coterie
