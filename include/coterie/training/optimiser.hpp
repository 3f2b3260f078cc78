#pragma once

#include <cstdint>
#include <span>

#include "coterie/base/thread_pool.hpp"
#include "coterie/training/layer.hpp"

namespace coterie::inline training {

/// Stochastic gradient descent as torch.optim.SGD: g = gradient + weight_decay · p; v = momentum · v + g; p -= lr · v.
struct Sgd {
  double learning_rate = 0.05;
  double momentum = 0.9;
  double weight_decay = 1e-5;

  void step(std::span<Parameter* const> parameters, ThreadPool& pool) const;
};

/// Adam (Kingma and Ba, ICLR 2015) as torch.optim.Adam, without weight decay.
struct Adam {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;

  /// `number` counts steps from 1.
  void step(std::span<Parameter* const> parameters, std::int64_t number, ThreadPool& pool) const;
};

}  // namespace coterie::inline training
