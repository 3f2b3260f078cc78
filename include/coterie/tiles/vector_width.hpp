#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace coterie::inline tiles {

/// The vector registers that kernels work with: of 16 bytes (of whatever the program is compiled for, and without
/// fused multiply-add in hardware slow), AVX2's of 32 and AVX-512's of 64 (with VNNI: Intel since 2019, AMD since
/// 2022). Results are the same to the bit.
enum class VectorWidth { narrow, avx2, avx512 };

/// As users write it: narrow, avx2, avx512.
std::string_view name_of(VectorWidth width);

/// Those that this processor can run, narrowest first.
std::span<const VectorWidth> vector_widths();

namespace vector_width_detail {
extern VectorWidth in_use;
}

/// The width in use: chosen at the program's start, the widest that there is unless the environment's COTERIE_VECTORS
/// names another one. Of what is neither a name nor can be run here, the program says so and ends with exit code 2.
inline VectorWidth vector_width() { return vector_width_detail::in_use; }

/// For tests: from now on that width, which must be one of vector_widths(). No kernel may be running.
void use_vector_width(VectorWidth width);

}  // namespace coterie::inline tiles
