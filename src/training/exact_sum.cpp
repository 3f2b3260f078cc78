#include "exact_sum.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "coterie/base/errors.hpp"

namespace coterie::inline training {
namespace {

constexpr double kRoom = 1.001;      // for the rounding of a product that would just reach the bound
constexpr double kWhole = 0x1.8p52;  // added, it leaves a double's value as a whole number in its low bits
constexpr std::int64_t kPiece = 1 << 16;

double checked(double bound) {
  if (!std::isfinite(bound)) throw Error("a gradient is not finite: the training has diverged");
  return bound * kRoom;
}

}  // namespace

ExactSum::ExactSum(const Batch& batch, std::int64_t size, double bound, std::int64_t terms)
    : batch_(batch),
      size_(size),
      scale_(checked(bound), terms),
      sums_(static_cast<std::size_t>(batch.pool.threads())) {}

void ExactSum::add(int worker, std::int64_t first, const float* values, std::int64_t count) {
  auto& sums = sums_[static_cast<std::size_t>(worker)];
  if (sums.empty()) sums.assign(static_cast<std::size_t>(size_), 0);
  std::int64_t* to = sums.data() + first;
  const double steps = scale_.steps_per_unit();
  for (std::int64_t i = 0; i < count; ++i)
    to[i] += std::bit_cast<std::int64_t>(static_cast<double>(values[i]) * steps + kWhole) -
             std::bit_cast<std::int64_t>(kWhole);
}

template <typename Work>
void ExactSum::in_pieces(const Work& work) const {
  batch_.pool.for_each((size_ + kPiece - 1) / kPiece, [&](std::int64_t piece, int) {
    work(static_cast<std::size_t>(piece * kPiece), static_cast<std::size_t>(std::min(size_, (piece + 1) * kPiece)));
  });
}

void ExactSum::begin() {
  std::vector<std::int64_t> total = std::move(sums_.front());
  if (total.empty()) total.assign(static_cast<std::size_t>(size_), 0);
  in_pieces([&](std::size_t begin, std::size_t end) {
    for (const auto& sums : sums_)
      if (!sums.empty())
        for (std::size_t i = begin; i < end; ++i) total[i] += sums[i];
  });
  sums_.clear();
  total_.emplace(std::move(total), batch_.comm);
  batch_.bytes += size_ * 8;
  if (batch_.comm.size() > 1) batch_.pool.meanwhile(PendingSum::move_on);
}

void ExactSum::finish(float* out) {
  const auto total = total_->wait();
  if (!PendingSum::move_on()) batch_.pool.meanwhile(nullptr);
  in_pieces([&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) out[i] = static_cast<float>(scale_.value(total[i]));
  });
  total_.reset();
}

// The bits of magnitudes order as the magnitudes do, infinity and NaN last.
double largest(const Batch& batch, const float* values, std::int64_t count) {
  const std::int64_t pieces = (count + kPiece - 1) / kPiece;
  std::vector<std::uint32_t> found(static_cast<std::size_t>(pieces), 0);
  batch.pool.for_each(pieces, [&](std::int64_t piece, int) {
    std::uint32_t most = 0;
    for (std::int64_t i = piece * kPiece; i < std::min(count, (piece + 1) * kPiece); ++i)
      most = std::max(most, std::bit_cast<std::uint32_t>(values[i]) & 0x7fffffffU);
    found[static_cast<std::size_t>(piece)] = most;
  });
  std::uint32_t most = 0;
  for (const auto each : found) most = std::max(most, each);
  const std::int64_t everywhere = batch.comm.max(static_cast<std::int64_t>(most));
  return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(everywhere)));
}

}  // namespace coterie::inline training
