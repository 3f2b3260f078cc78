#pragma once

namespace coterie::inline embedding {

/// Four numbers side by side, as AVX2 has them; elsewhere the compiler does with what there is, to the same bits.
using Four = double __attribute__((vector_size(32)));

/// In a fixed order.
inline double sum_of(Four x) { return (x[0] + x[1]) + (x[2] + x[3]); }

inline Four all_four(double x) { return Four{x, x, x, x}; }

}  // namespace coterie::inline embedding
