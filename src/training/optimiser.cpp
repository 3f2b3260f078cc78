#include "coterie/training/optimiser.hpp"

#include <algorithm>
#include <cmath>

namespace coterie::inline training {
namespace {

constexpr std::int64_t kPiece = 1 << 16;  // numbers: each is a computation of its own

template <typename Work>
void in_pieces(const Parameter& parameter, ThreadPool& pool, const Work& work) {
  const std::int64_t count = std::ssize(parameter.values);
  pool.for_each((count + kPiece - 1) / kPiece, [&](std::int64_t piece, int) {
    work(static_cast<std::size_t>(piece * kPiece), static_cast<std::size_t>(std::min(count, (piece + 1) * kPiece)));
  });
}

}  // namespace

void Sgd::step(std::span<Parameter* const> parameters, ThreadPool& pool) const {
  const auto rate = static_cast<float>(learning_rate), keep = static_cast<float>(momentum),
             decay = static_cast<float>(weight_decay);
  for (Parameter* each : parameters) {
    if (!each->trained) continue;
    if (momentum != 0) each->first.resize(each->values.size());
    float* values = each->values.data();
    const float* gradient = each->gradient.data();
    float* velocity = momentum != 0 ? each->first.data() : nullptr;
    in_pieces(*each, pool, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        float slope = gradient[i] + decay * values[i];
        if (velocity != nullptr) slope = velocity[i] = keep * velocity[i] + slope;
        values[i] -= rate * slope;
      }
    });
  }
}

void Adam::step(std::span<Parameter* const> parameters, std::int64_t number, ThreadPool& pool) const {
  const auto steps = static_cast<double>(number);
  const auto rate = static_cast<float>(learning_rate / (1 - std::pow(beta1, steps)));
  const auto scale = static_cast<float>(std::sqrt(1 - std::pow(beta2, steps)));
  const auto b1 = static_cast<float>(beta1), b2 = static_cast<float>(beta2), e = static_cast<float>(epsilon);
  for (Parameter* each : parameters) {
    if (!each->trained) continue;
    each->first.resize(each->values.size());
    each->second.resize(each->values.size());
    in_pieces(*each, pool, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const float slope = each->gradient[i];
        float& mean = each->first[i];
        float& square = each->second[i];
        mean = b1 * mean + (1 - b1) * slope;
        square = b2 * square + (1 - b2) * slope * slope;
        each->values[i] -= rate * mean / (std::sqrt(square) / scale + e);
      }
    });
  }
}

}  // namespace coterie::inline training
