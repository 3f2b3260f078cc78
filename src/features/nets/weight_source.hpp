#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "coterie/features/weight_file.hpp"

namespace coterie {

/// What a tensor is for, which says how random ones are drawn.
enum class Role { kernel, zero, one };

/// Where a network description gets its tensors from, by name and with the shape it needs.
class WeightSource {
 public:
  virtual ~WeightSource() = default;

  /// fan_in: the inputs that one output sums over (kernels only).
  virtual const Tensor& take(const std::string& name, const std::vector<std::int64_t>& shape, Role role,
                             std::int64_t fan_in = 1) = 0;

  /// Tensors with this beginning or ending belong to the file and are of no use here (the classifier).
  virtual void ignore_prefix(const std::string& prefix) = 0;
  virtual void ignore_suffix(const std::string& suffix) = 0;
};

/// Takes from a file and keeps account. Throws FileError naming the tensor that is missing or misshapen.
class FileWeights : public WeightSource {
 public:
  explicit FileWeights(const WeightFile& file) : file_(file) {}
  const Tensor& take(const std::string& name, const std::vector<std::int64_t>& shape, Role, std::int64_t) override;
  void ignore_prefix(const std::string& prefix) override { ignored_prefixes_.push_back(prefix); }
  void ignore_suffix(const std::string& suffix) override { ignored_suffixes_.push_back(suffix); }

  /// Throws FileError when the file holds tensors that were neither taken nor ignored: it is of another network.
  void expect_all_taken() const;

 private:
  bool is_ignored(const std::string& name) const;
  std::vector<std::string> left_over() const;

  const WeightFile& file_;
  std::set<std::string> taken_;
  std::vector<std::string> ignored_prefixes_, ignored_suffixes_;
};

/// Draws whatever is asked for and keeps it.
class RandomWeights : public WeightSource {
 public:
  explicit RandomWeights(std::uint64_t seed);
  const Tensor& take(const std::string& name, const std::vector<std::int64_t>& shape, Role role,
                     std::int64_t fan_in) override;
  void ignore_prefix(const std::string&) override {}
  void ignore_suffix(const std::string&) override {}

  WeightFile& weights() { return weights_; }

 private:
  std::uint64_t seed_;
  WeightFile weights_;
};

}  // namespace coterie
