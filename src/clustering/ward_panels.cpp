#include <limits>

#include "ward_clusters.hpp"

namespace coterie {
namespace {

std::int64_t panels_for(std::int64_t clusters) { return (clusters + kPanelClusters - 1) / kPanelClusters; }

}  // namespace

WardPanels::WardPanels(std::int64_t most, std::int64_t columns) : columns_(columns), room_(panels_for(most)) {
  const auto room = static_cast<std::size_t>(room_ * kPanelClusters);
  values_.reset(new (std::align_val_t(64)) float[room * static_cast<std::size_t>(columns)]());
  norms_.resize(room);
  half_inverse_.assign(room, 0.5F);
  resize(0);
}

std::int64_t WardPanels::bytes(std::int64_t most, std::int64_t columns) {
  return 4 * panels_for(most) * kPanelClusters * (columns + 2);
}

// An infinite norm makes an infinite score, which is never low: empty lanes hold nothing.
void WardPanels::resize(std::int64_t count) {
  std::fill(norms_.begin() + count, norms_.end(), std::numeric_limits<float>::infinity());
  count_ = count;
}

PanelSide WardPanels::side(std::int64_t panel) const {
  const std::int64_t first = panel * kPanelClusters;
  return {norms_.data() + first, half_inverse_.data() + first, first};
}

template <typename Value>
void WardPanels::put(std::int64_t c, const Value* mean, double size, const double* middle, double scale, double error) {
  double squares = 0;
  for (std::int64_t begin = 0; begin < columns_; begin += kWardTermsPerSum) {
    float* to = lane(c, begin);
    for (std::int64_t d = begin; d < begin + terms(begin); ++d, to += kPanelClusters) {
      *to = static_cast<float>((static_cast<double>(mean[d]) - middle[d]) * scale);
      squares += static_cast<double>(*to) * static_cast<double>(*to);
    }
  }
  norms_[static_cast<std::size_t>(c)] = static_cast<float>(squares * (1 - error));
  half_inverse_[static_cast<std::size_t>(c)] = static_cast<float>(0.5 / size);
}

template void WardPanels::put(std::int64_t, const float*, double, const double*, double, double);
template void WardPanels::put(std::int64_t, const double*, double, const double*, double, double);

void WardPanels::copy(std::int64_t c, const WardPanels& other, std::int64_t from) {
  for (std::int64_t begin = 0; begin < columns_; begin += kWardTermsPerSum) {
    float* const to = lane(c, begin);
    const float* const source = other.lane(from, begin);
    for (std::int64_t d = 0; d < terms(begin) * kPanelClusters; d += kPanelClusters) to[d] = source[d];
  }
  norms_[static_cast<std::size_t>(c)] = other.norms_[static_cast<std::size_t>(from)];
  half_inverse_[static_cast<std::size_t>(c)] = other.half_inverse_[static_cast<std::size_t>(from)];
}

}  // namespace coterie
