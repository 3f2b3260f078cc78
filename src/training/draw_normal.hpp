#pragma once

#include "coterie/base/random.hpp"
#include "coterie/training/layer.hpp"

namespace coterie::inline training {

/// Draws the numbers of a parameter that this rank holds, normal with mean 0, by their places in the file: the same on
/// any number of ranks.
void draw_normal(Parameter& parameter, double deviation, const Random& random, ThreadPool& pool);

}  // namespace coterie::inline training
