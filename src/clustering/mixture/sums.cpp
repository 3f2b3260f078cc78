#include "mixture/sums.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "coterie/tiles/aligned_vector.hpp"

#include "mixture/kernel.hpp"

namespace coterie::inline clustering {
namespace {

constexpr std::int64_t kMostSide = 96;       // 72 KB of sums beside two operands of 192 KB: the second cache
constexpr std::int64_t kStripColumns = 128;  // of first moments

std::int64_t tile_side(std::int64_t columns) {
  return std::min(kMostSide, (columns + kPanelColumns - 1) / kPanelColumns * kPanelColumns);
}

/// A power of two above `bound`, or zero where there is nothing to scale.
double power_above(double bound) {
  int exponent = 0;
  std::frexp(bound, &exponent);
  return bound > 0 ? std::ldexp(1.0, exponent) : 0.0;
}

/// The rows of a component are scattered, so each would be waited for: those to come are asked for meanwhile.
constexpr std::size_t kRowsAhead = 6;

void prefetch(const float* values, std::int64_t count) {
  for (std::int64_t d = 0; d < count; d += 16) __builtin_prefetch(values + d);
}

double inverse(double power) { return power > 0 ? 1 / power : 0.0; }

}  // namespace

struct MixtureSums::Scratch {
  AlignedVector<double> left = AlignedVector<double>(static_cast<std::size_t>(kSumRows * kMostSide));
  AlignedVector<double> right = left;
  std::array<double, kStripColumns> first, second;
};

// Each rank's blocks give at most one sum more than its rows fill.
MixtureSums::MixtureSums(const MixtureRows& rows, std::int64_t k, SecondMoments second)
    : rows_(rows),
      k_(k),
      columns_(rows.columns()),
      second_(second),
      side_(tile_side(columns_)),
      tiles_((columns_ + side_ - 1) / side_),
      scale_(std::nextafter(static_cast<double>(kSumRows), 0.0), rows.total() / kSumRows + rows.total_blocks()) {
  const std::int64_t of_second = second == SecondMoments::columns ? columns_
                                 : second == SecondMoments::pairs ? tiles_ * (tiles_ + 1) / 2 * side_ * side_
                                                                  : 0;
  sums_.resize(static_cast<std::size_t>(k * (1 + columns_ + of_second)));
}

void MixtureSums::choose_scales(std::span<const double> origins, std::span<const double> largest) {
  origins_.assign(origins.begin(), origins.end());
  stretches_.resize(origins.size());
  shrinks_.resize(origins.size());
  for (std::size_t at = 0; at < origins.size(); ++at) {
    const std::size_t d = at % static_cast<std::size_t>(columns_);
    stretches_[at] = power_above(std::max(rows_.largest()[d] - origins[at], origins[at] - rows_.least()[d]));
    shrinks_[at] = inverse(stretches_[at]);
  }
  weight_stretches_.clear();
  weight_shrinks_.clear();
  for (const double value : largest) {
    weight_stretches_.push_back(power_above(value));
    weight_shrinks_.push_back(inverse(weight_stretches_.back()));
  }
}

void MixtureSums::add(std::span<const BlockResponsibilities> blocks, std::span<const double> origins,
                      std::span<const double> largest) {
  choose_scales(origins, largest);
  std::fill(sums_.begin(), sums_.end(), 0);
  const std::int64_t strips = k_ * ((columns_ + kStripColumns - 1) / kStripColumns);
  const std::int64_t tiles = second_ == SecondMoments::pairs ? k_ * tiles_ * (tiles_ + 1) / 2 : 0;
  std::vector<Scratch> scratch(static_cast<std::size_t>(rows_.pool().threads()));
  rows_.for_each_window([&](RowRange window, const float* values) {
    rows_.pool().for_each(tiles + strips, [&](std::int64_t task, int worker) {
      Scratch& mine = scratch[static_cast<std::size_t>(worker)];
      if (task < tiles) {
        add_tile(task, blocks, window, values, mine);
      } else {
        add_strip(task - tiles, blocks, window, values, mine);
      }
    });
  });
  rows_.communicator().sum(std::span(sums_));
}

/// visit(rows of the block, responsibilities), at most kSumRows of these at a time.
template <typename Visit>
void MixtureSums::for_each_chunk(std::int64_t component, std::span<const BlockResponsibilities> blocks, RowRange window,
                                 const Visit& visit) const {
  for (std::int64_t b = window.begin; b < window.end; ++b) {
    auto left = blocks[static_cast<std::size_t>(b)].of(component);
    const std::int64_t first_row = rows_.block(b).begin - rows_.block(window.begin).begin;
    while (!left.empty()) {
      const std::size_t count = std::min(left.size(), static_cast<std::size_t>(kSumRows));
      visit(first_row, left.first(count));
      left = left.subspan(count);
    }
  }
}

void MixtureSums::add_strip(std::int64_t task, std::span<const BlockResponsibilities> blocks, RowRange window,
                            const float* values, Scratch& scratch) {
  const std::int64_t strips = (columns_ + kStripColumns - 1) / kStripColumns;
  const std::int64_t component = task / strips, begin = task % strips * kStripColumns;
  const std::int64_t width = std::min(kStripColumns, columns_ - begin);
  const double* const origin = origins_.data() + component * columns_ + begin;
  const double* const shrink = shrinks_.data() + component * columns_ + begin;
  const double weight_shrink = weight_shrinks_[static_cast<std::size_t>(component)];
  std::int64_t* const firsts = sums_.data() + k_ + component * columns_ + begin;
  std::int64_t* const seconds = firsts + k_ * columns_;
  const bool squares = second_ == SecondMoments::columns;
  double* const first = scratch.first.data();
  double* const second = scratch.second.data();
  for_each_chunk(component, blocks, window, [&](std::int64_t first_row, std::span<const Responsibility> chunk) {
    double weight = 0;
    std::fill_n(first, width, 0.0);
    std::fill_n(second, width, 0.0);
    for (std::size_t t = 0; t < chunk.size(); ++t) {
      const auto& [row, value] = chunk[t];
      if (t + kRowsAhead < chunk.size())
        prefetch(values + (first_row + chunk[t + kRowsAhead].row) * columns_ + begin, width);
      const float* const x = values + (first_row + row) * columns_ + begin;
      const double r = value * weight_shrink;
      weight += r;
      add_moments(x, origin, shrink, r, width, first, squares ? second : nullptr);
    }
    add_exact(first, width, scale_.steps_per_unit(), firsts);
    if (squares) add_exact(second, width, scale_.steps_per_unit(), seconds);
    if (begin == 0) sums_[static_cast<std::size_t>(component)] += scale_.quantise(weight);
  });
}

void MixtureSums::add_tile(std::int64_t task, std::span<const BlockResponsibilities> blocks, RowRange window,
                           const float* values, Scratch& scratch) {
  const std::int64_t per_component = tiles_ * (tiles_ + 1) / 2;
  const std::int64_t component = task / per_component;
  std::int64_t i = 0, j = task % per_component;
  while (j > i) j -= ++i;
  std::int64_t* const out = tile(component, i, j);
  const double weight_shrink = weight_shrinks_[static_cast<std::size_t>(component)];
  std::array<double, kMostSide> deviations;
  const auto deviate = [&](const float* row, std::int64_t strip) {
    const std::int64_t begin = strip * side_, width = std::min(side_, columns_ - begin);
    const double* const origin = origins_.data() + component * columns_ + begin;
    const double* const shrink = shrinks_.data() + component * columns_ + begin;
    scaled_deviations(row + begin, origin, shrink, width, deviations.data());
    std::fill(deviations.begin() + width, deviations.begin() + side_, 0.0);
  };
  for_each_chunk(component, blocks, window, [&](std::int64_t first_row, std::span<const Responsibility> chunk) {
    const auto terms = std::ssize(chunk);
    for (std::int64_t t = 0; t < terms; ++t) {
      const auto& [number, value] = chunk[static_cast<std::size_t>(t)];
      const float* const row = values + (first_row + number) * columns_;
      if (static_cast<std::size_t>(t) + kRowsAhead < chunk.size()) {
        const float* const ahead =
            values + (first_row + chunk[static_cast<std::size_t>(t) + kRowsAhead].row) * columns_;
        prefetch(ahead + j * side_, side_);
        if (i != j) prefetch(ahead + i * side_, side_);
      }
      deviate(row, j);
      for (std::int64_t p = 0; p < side_ / kPanelColumns; ++p)
        std::copy_n(deviations.data() + p * kPanelColumns, kPanelColumns,
                    scratch.right.data() + (p * terms + t) * kPanelColumns);
      if (i != j) deviate(row, i);
      const double r = value * weight_shrink;
      for (std::int64_t g = 0; g < side_ / kTileRows; ++g)
        for (std::int64_t lane = 0; lane < kTileRows; ++lane)
          scratch.left[static_cast<std::size_t>((g * terms + t) * kTileRows + lane)] =
              r * deviations[static_cast<std::size_t>(g * kTileRows + lane)];
    }
    for (std::int64_t p = 0; p < side_ / kPanelColumns; ++p)
      for (std::int64_t g = i == j ? p * kPanelColumns / kTileRows : 0; g < side_ / kTileRows; ++g)
        add_exact_products(scratch.left.data() + g * terms * kTileRows,
                           scratch.right.data() + p * terms * kPanelColumns, terms, scale_.steps_per_unit(),
                           out + g * kTileRows * side_ + p * kPanelColumns, side_);
  });
}

std::int64_t* MixtureSums::tile(std::int64_t component, std::int64_t i, std::int64_t j) {
  const std::int64_t number = component * (tiles_ * (tiles_ + 1) / 2) + i * (i + 1) / 2 + j;
  return sums_.data() + k_ * (1 + columns_) + number * side_ * side_;
}

const std::int64_t* MixtureSums::tile(std::int64_t component, std::int64_t i, std::int64_t j) const {
  return const_cast<MixtureSums*>(this)->tile(component, i, j);
}

double MixtureSums::weight(std::int64_t component) const {
  const auto c = static_cast<std::size_t>(component);
  return scale_.value(sums_[c]) * weight_stretches_[c];
}

double MixtureSums::first(std::int64_t component, std::int64_t column) const {
  const std::int64_t at = component * columns_ + column;
  return scale_.value(sums_[static_cast<std::size_t>(k_ + at)]) * stretches_[static_cast<std::size_t>(at)] *
         weight_stretches_[static_cast<std::size_t>(component)];
}

double MixtureSums::second(std::int64_t component, std::int64_t column) const {
  const std::int64_t at = component * columns_ + column;
  const double stretch = stretches_[static_cast<std::size_t>(at)];
  return scale_.value(sums_[static_cast<std::size_t>(k_ + k_ * columns_ + at)]) * stretch * stretch *
         weight_stretches_[static_cast<std::size_t>(component)];
}

void MixtureSums::pairs(std::int64_t component, double* square) const {
  const double* const stretch = stretches_.data() + component * columns_;
  const double unit = scale_.step() * weight_stretches_[static_cast<std::size_t>(component)];
  for (std::int64_t i = 0; i < tiles_; ++i)
    for (std::int64_t j = 0; j <= i; ++j) {
      const std::int64_t* const sums = tile(component, i, j);
      for (std::int64_t r = i * side_; r < std::min(columns_, (i + 1) * side_); ++r)
        for (std::int64_t s = j * side_; s <= std::min(r, (j + 1) * side_ - 1); ++s) {
          const auto steps = static_cast<double>(sums[(r - i * side_) * side_ + (s - j * side_)]);
          square[r * columns_ + s] = square[s * columns_ + r] = steps * unit * stretch[r] * stretch[s];
        }
    }
}

}  // namespace coterie::inline clustering
