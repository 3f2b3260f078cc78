#pragma once

#include <algorithm>

#include "coterie/base/random.hpp"
#include "coterie/training/batch.hpp"

namespace coterie::inline training {

/// Which numbers of an image of the batch a dropout keeps: calls use(i, kept) for each of its `elements` numbers. A
/// function of the batch's seed and epoch, the layer's number and the image's position in the epoch.
template <typename Use>
void for_dropped(const Batch& batch, std::uint32_t layer, std::int64_t image, std::int64_t elements, const Use& use) {
  constexpr std::int64_t kBits = 64;  // of one draw: the numbers that it decides
  const Random random(batch.seed, Purpose::dropout, batch.epoch * 16 + layer);
  const std::int64_t draws = (elements + kBits - 1) / kBits;
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    std::uint64_t bits = random.bits(static_cast<std::uint64_t>((batch.first + image) * draws + draw));
    const std::int64_t end = std::min(elements, (draw + 1) * kBits);
    for (std::int64_t i = draw * kBits; i < end; ++i, bits >>= 1) use(i, (bits & 1) != 0);
  }
}

}  // namespace coterie::inline training
