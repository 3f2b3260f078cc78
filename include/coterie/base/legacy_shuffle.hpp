#pragma once

#include <cstdint>
#include <vector>

namespace coterie {

/// 0 .. n-1 in the order of numpy.random.RandomState(seed).permutation(n), which is also that of pandas'
/// sample(frac=1, random_state=seed): the Mersenne Twister, and Fisher-Yates from the end with masked rejection. Of
/// ours nothing is drawn so (coterie/base/random.hpp); it re-makes samples that others published.
///
///     legacy_permutation(10, 42) = 8 1 5 0 7 2 9 4 3 6
std::vector<std::int64_t> legacy_permutation(std::int64_t n, std::uint32_t seed);

}  // namespace coterie
