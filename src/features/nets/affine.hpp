#pragma once

#include <cstddef>
#include <vector>

#include "nets/plan.hpp"
#include "nets/weight_source.hpp"

namespace coterie::inline features {

/// The tensors that a step's affine map is made of, with the shapes they must have.
std::vector<TensorNeed> tensors_of(const Plan& plan, std::size_t step);

/// The affine map of a step, with batch normalisation folded in (in double: kernel * gamma / sqrt(variance + epsilon),
/// beta + (bias - mean) * gamma / sqrt(variance + epsilon)). Throws FileError naming what is missing or misshapen.
Affine load_affine(const Plan& plan, std::size_t step, const WeightSource& weights);

}  // namespace coterie::inline features
