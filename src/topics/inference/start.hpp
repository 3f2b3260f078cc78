#pragma once

#include <cstdint>
#include <vector>

#include "coterie/base/thread_pool.hpp"

namespace coterie::inline topics {

/// The first lambda, V x K: Gamma(shape 100, scale 0.01) draws, scikit-learn's choice; a function of the seed alone.
std::vector<double> draw_lambda(std::int64_t vocabulary, std::int64_t topics, std::uint64_t seed, ThreadPool& pool);

/// The order in which a pass goes through N documents.
std::vector<std::int64_t> draw_order(std::int64_t documents, std::uint64_t seed, std::int64_t pass);

}  // namespace coterie::inline topics
