#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coterie/features/weight_file.hpp"

namespace coterie::inline features {

/// What a tensor is for, which says how random ones are drawn.
enum class Role { kernel, zero, one };

/// A tensor that a network wants.
struct TensorNeed {
  std::string name;
  std::vector<std::int64_t> shape;
  Role role = Role::kernel;
  std::int64_t fan_in = 1;  ///< the inputs that one output sums over (kernels only)
};

/// Where a network gets its tensors from.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  virtual Tensor take(const TensorNeed& need) const = 0;
};

/// Takes from a file, in which each name has this before it. Throws FileError naming the tensor that is missing or
/// misshapen.
class FileWeights : public WeightSource {
 public:
  explicit FileWeights(const WeightFile& file, std::string prefix = "") : file_(file), prefix_(std::move(prefix)) {}
  Tensor take(const TensorNeed& need) const override;

 private:
  const WeightFile& file_;
  std::string prefix_;
};

/// Draws whatever is asked for: normal with He's variance 2 / fan-in, normalisation near neutral; element i of a tensor
/// is a function of (seed, its name, i).
class RandomWeights : public WeightSource {
 public:
  explicit RandomWeights(std::uint64_t seed) : seed_(seed) {}
  Tensor take(const TensorNeed& need) const override;

 private:
  std::uint64_t seed_;
};

}  // namespace coterie::inline features
