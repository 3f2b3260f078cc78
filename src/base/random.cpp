#include "coterie/base/random.hpp"

#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <numbers>

namespace coterie {
namespace {

std::array<std::uint64_t, 2> draw(std::uint64_t seed, Purpose purpose, std::uint32_t step, std::uint64_t index) {
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(index),
                                               static_cast<std::uint32_t>(index >> 32), step,
                                               static_cast<std::uint32_t>(purpose)}};
  const r123::Philox4x32::key_type key = {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const auto words = r123::Philox4x32()(counter, key);
  return {words[0] | static_cast<std::uint64_t>(words[1]) << 32, words[2] | static_cast<std::uint64_t>(words[3]) << 32};
}

double to_unit(std::uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

}  // namespace

std::uint64_t Random::bits(std::uint64_t index) const { return draw(seed_, purpose_, step_, index)[0]; }

double Random::uniform(std::uint64_t index) const { return to_unit(bits(index)); }

std::int64_t Random::below(std::uint64_t index, std::int64_t bound) const {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(bits(index)) * static_cast<std::uint64_t>(bound);
  return static_cast<std::int64_t>(product >> 64);
}

double Random::normal(std::uint64_t index) const {
  const auto words = draw(seed_, purpose_, step_, index);
  const double radius = std::sqrt(-2.0 * std::log(1.0 - to_unit(words[0])));  // 1 - u lies in (0, 1]
  return radius * std::cos(2.0 * std::numbers::pi * to_unit(words[1]));
}

}  // namespace coterie
