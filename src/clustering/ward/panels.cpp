#include <array>
#include <limits>

#include "ward/clusters.hpp"

namespace coterie::inline clustering {
namespace {

std::int64_t panels_for(std::int64_t clusters) { return (clusters + kPanelClusters - 1) / kPanelClusters; }

}  // namespace

WardPanels::WardPanels(std::int64_t most, std::int64_t columns, const Communicator& comm)
    : columns_(columns),
      room_(panels_for(most)),
      memory_(comm, bytes(most, columns)),
      values_(memory_.as<float>().data()),
      norms_(values_ + room_ * kPanelClusters * columns),
      half_inverse_(norms_ + room_ * kPanelClusters) {}

std::int64_t WardPanels::bytes(std::int64_t most, std::int64_t columns) {
  return 4 * panels_for(most) * kPanelClusters * (columns + 2);
}

PanelSide WardPanels::side(std::int64_t panel) const {
  const std::int64_t first = panel * kPanelClusters;
  return {norms_ + first, half_inverse_ + first, first};
}

void WardPanels::fill(std::span<const WardFilling> fillings, std::int64_t count, const WardPanels& others,
                      const Frame& frame, ThreadPool& pool) {
  const auto panel_of = [&](std::size_t i) { return fillings[i].to / static_cast<std::int32_t>(kPanelClusters); };
  std::vector<std::size_t> begins;  // of the fillings of one panel
  for (std::size_t i = 0; i < fillings.size(); ++i)
    if (i == 0 || panel_of(i) != panel_of(i - 1)) begins.push_back(i);
  begins.push_back(fillings.size());
  memory_.publish();  // nobody reads what was there any more
  const RowRange mine = memory_.share_of(static_cast<std::int64_t>(begins.size()) - 1);
  pool.for_each(mine.size(), [&](std::int64_t i, int) {
    const auto at = static_cast<std::size_t>(mine.begin + i);
    fill_panel(fillings.subspan(begins[at], begins[at + 1] - begins[at]), others, frame);
  });
  memory_.publish();  // what was to be copied from lanes that now empty is copied
  // An infinite norm makes a score that is infinite, or not a number, and never low, whatever lies in an empty lane.
  count_ = count;
  for (std::int64_t c = count; c < panels() * kPanelClusters; ++c) {
    if (!memory_.writes()) break;
    norms_[c] = std::numeric_limits<float>::infinity();
    half_inverse_[c] = 0.5F;
  }
  memory_.publish();
}

// Piece by piece: a lane's floats are 96 bytes apart, so that each cache line is one of several lanes.
void WardPanels::fill_panel(std::span<const WardFilling> fillings, const WardPanels& others, const Frame& frame) {
  std::array<double, kPanelClusters> squares{};
  for (std::int64_t begin = 0; begin < columns_; begin += kWardTermsPerSum) {
    for (std::size_t i = 0; i < fillings.size(); ++i) {
      const auto& [to, size, row, mean, from] = fillings[i];
      float* const target = lane(to, begin);
      const auto put = [&](const auto* values) {
        for (std::int64_t d = 0; d < terms(begin); ++d) {
          const auto value = static_cast<float>(
              (static_cast<double>(values[begin + d]) - frame.middle[static_cast<std::size_t>(begin + d)]) *
              frame.scale);
          target[d * kPanelClusters] = value;
          squares[i] += static_cast<double>(value) * static_cast<double>(value);
        }
      };
      if (row) {
        put(row);
      } else if (mean) {
        put(mean);
      } else {
        const float* const source = others.lane(from, begin);
        for (std::int64_t d = 0; d < terms(begin) * kPanelClusters; d += kPanelClusters) target[d] = source[d];
      }
    }
  }
  for (std::size_t i = 0; i < fillings.size(); ++i) {
    const std::int32_t to = fillings[i].to;
    const bool copied = !fillings[i].row && !fillings[i].mean;
    const std::int32_t from = std::max(fillings[i].from, 0);
    norms_[to] = copied ? others.norms_[from] : static_cast<float>(squares[i] * (1 - frame.error));
    half_inverse_[to] = copied ? others.half_inverse_[from] : static_cast<float>(0.5 / fillings[i].size);
  }
}

}  // namespace coterie::inline clustering
