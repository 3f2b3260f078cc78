#include "mixture/density.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "mixture/kernel.hpp"

namespace coterie::inline clustering {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();
constexpr std::int64_t kStripPanels = 4;    // panels between two looks at who may leave
constexpr std::int64_t kFewPanels = 8;      // up to so many, one: rows leave earlier, and the look costs little
constexpr std::int64_t kShortPanel = 1024;  // rows of a panel: four are 393 KB
constexpr std::int64_t kTermsAtOnce = 256;  // 24 KB of a panel stay in the first cache
constexpr std::int64_t kLookAgain = 128;    // columns between two looks, of float32 squares
constexpr std::int64_t kStagger = 16;       // floats between rows, lest eight of them meet in one set of the cache
constexpr std::int64_t kStrip = kStripPanels * kPanelColumns;

std::int64_t panel_begin(std::int64_t panel) { return kPanelColumns * kPanelColumns * panel * (panel + 1) / 2; }
std::int64_t panel_terms(std::int64_t panel, std::int64_t columns) {
  return std::min(columns, kPanelColumns * (panel + 1));
}
std::int64_t panels_of(std::int64_t columns) { return (columns + kPanelColumns - 1) / kPanelColumns; }

template <typename T>
void grow(std::vector<T>& values, std::int64_t count) {
  if (std::ssize(values) < count) values.resize(static_cast<std::size_t>(count));
}

}  // namespace

std::int64_t packed_size(std::int64_t columns) { return panel_begin(panels_of(columns) - 1) + columns * kPanelColumns; }

void pack_triangle(const double* square, std::int64_t columns, double* packed) {
  for (std::int64_t p = 0; p < panels_of(columns); ++p) {
    double* out = packed + panel_begin(p);
    for (std::int64_t i = 0; i < panel_terms(p, columns); ++i)
      for (std::int64_t j = p * kPanelColumns; j < (p + 1) * kPanelColumns; ++j)
        *out++ = j < columns && i <= j ? square[i * columns + j] : 0.0;
  }
}

void unpack_triangle(const double* packed, std::int64_t columns, double* square) {
  std::fill_n(square, columns * columns, 0.0);
  for (std::int64_t p = 0; p < panels_of(columns); ++p) {
    const double* in = packed + panel_begin(p);
    for (std::int64_t i = 0; i < panel_terms(p, columns); ++i, in += kPanelColumns)
      for (std::int64_t j = p * kPanelColumns; j < std::min(columns, (p + 1) * kPanelColumns); ++j)
        square[i * columns + j] = in[j - p * kPanelColumns];
  }
}

MixtureDensity::MixtureDensity(Covariance covariance, std::int64_t k, std::int64_t columns)
    : covariance_(covariance), k_(k), columns_(columns), panels_(panels_of(columns)), padded_((columns + 7) / 8 * 8) {
  const std::int64_t triangles = covariance == Covariance::full ? k : covariance == Covariance::tied ? 1 : 0;
  triangles_.resize(static_cast<std::size_t>(triangles * packed_size(columns)));
  const std::int64_t deviations = covariance == Covariance::diagonal    ? k * columns
                                  : covariance == Covariance::spherical ? k
                                                                        : 0;
  inverse_deviations_.resize(static_cast<std::size_t>(deviations));
}

std::span<double> MixtureDensity::triangle(std::int64_t component) {
  const auto size = static_cast<std::size_t>(packed_size(columns_));
  return std::span(triangles_).subspan(static_cast<std::size_t>(component) * size, size);
}

std::span<const double> MixtureDensity::triangle(std::int64_t component) const {
  const auto size = static_cast<std::size_t>(packed_size(columns_));
  return std::span(triangles_).subspan(static_cast<std::size_t>(component) * size, size);
}

/// out[r * stride + 12 (p - first_panel) + j] = (row r times the triangle), for columns j of panels p.
void MixtureDensity::multiply(const double* const* rows, std::int64_t count, const double* packed,
                              std::int64_t first_panel, std::int64_t panels, double* out, std::int64_t stride) const {
  for (std::int64_t r = 0; r < count; ++r) std::fill_n(out + r * stride, panels * kPanelColumns, 0.0);
  std::vector<const double*> shifted(rows, rows + count);
  const std::int64_t most = panel_terms(first_panel + panels - 1, columns_);
  for (std::int64_t begin = 0; begin < most; begin += kTermsAtOnce) {
    for (std::int64_t p = first_panel; p < first_panel + panels; ++p) {
      const std::int64_t end = std::min(panel_terms(p, columns_), begin + kTermsAtOnce);
      if (end <= begin) continue;
      add_products(shifted.data(), count, packed + panel_begin(p) + begin * kPanelColumns, end - begin,
                   out + (p - first_panel) * kPanelColumns, stride);
    }
    for (auto& row : shifted) row += kTermsAtOnce;
  }
}

void MixtureDensity::set(std::span<const double> weights, std::span<const double> means, ThreadPool& pool) {
  const auto size = static_cast<std::size_t>(columns_);
  centre_.assign(size, 0.0);
  for (std::size_t c = 0; c < weights.size(); ++c)
    for (std::size_t d = 0; d < size; ++d) centre_[d] += weights[c] * means[c * size + d];
  // Rounded, so that the difference from a row of float32 is exact where the two are near each other.
  for (double& value : centre_) value = static_cast<float>(value);
  std::vector<double> from_centre(means.begin(), means.end());
  for (std::size_t c = 0; c < weights.size(); ++c)
    for (std::size_t d = 0; d < size; ++d) from_centre[c * size + d] -= centre_[d];

  constants_.assign(weights.size(), 0.0);
  const std::int64_t turned = panels_ * kPanelColumns;
  auto& products = covariance_ == Covariance::full ? offsets_ : axes_;
  if (covariance_ == Covariance::full || covariance_ == Covariance::tied)
    products.assign(static_cast<std::size_t>(k_ * turned), 0.0);
  pool.for_each(k_, [&](std::int64_t c, int) {
    double log_det = 0;
    if (covariance_ == Covariance::full || covariance_ == Covariance::tied) {
      const auto packed = triangle(covariance_ == Covariance::full ? c : 0);
      for (std::int64_t d = 0; d < columns_; ++d)
        log_det += std::log(
            packed[static_cast<std::size_t>(panel_begin(d / kPanelColumns) + d * kPanelColumns + d % kPanelColumns)]);
      const double* const row = from_centre.data() + c * columns_;
      multiply(&row, 1, packed.data(), 0, panels_, products.data() + c * turned, turned);
    } else if (covariance_ == Covariance::diagonal) {
      for (std::int64_t d = 0; d < columns_; ++d)
        log_det += std::log(inverse_deviations_[static_cast<std::size_t>(c * columns_ + d)]);
    } else {
      log_det = static_cast<double>(columns_) * std::log(inverse_deviations_[static_cast<std::size_t>(c)]);
    }
    constants_[static_cast<std::size_t>(c)] = std::log(weights[static_cast<std::size_t>(c)]) + log_det -
                                              0.5 * static_cast<double>(columns_) * std::log(2 * std::numbers::pi);
  });
  if (covariance_ != Covariance::full) set_axes(from_centre);
}

/// Of tied, diagonal and spherical mixtures: means, scales and factors of squared differences, also in float32.
void MixtureDensity::set_axes(const std::vector<double>& from_centre) {
  const std::int64_t stride = covariance_ == Covariance::tied ? panels_ * kPanelColumns : columns_;
  if (covariance_ != Covariance::tied) axes_ = from_centre;
  const bool scaled = covariance_ == Covariance::diagonal;
  factors_.assign(static_cast<std::size_t>(k_), 1.0);
  limit_slopes_.resize(static_cast<std::size_t>(k_));
  limit_errors_.resize(static_cast<std::size_t>(k_));
  // Twice the relative error of a length, and the rounding of the limit itself to float32.
  const double relative = 1 + (static_cast<double>(columns_) / 8 + static_cast<double>(columns_) / 64 + 64) * 0x1p-23;
  narrow_axes_.assign(static_cast<std::size_t>(k_ * padded_), 0.0F);
  narrow_scales_.assign(scaled ? narrow_axes_.size() : 0, 0.0F);
  for (std::int64_t c = 0; c < k_; ++c) {
    const auto at = static_cast<std::size_t>(c);
    if (covariance_ == Covariance::spherical) factors_[at] = inverse_deviations_[at] * inverse_deviations_[at];
    double squares = 0;
    for (std::int64_t d = 0; d < columns_; ++d) {
      const double mean = axes_[static_cast<std::size_t>(c * stride + d)];
      const double scale = scaled ? inverse_deviations_[static_cast<std::size_t>(c * columns_ + d)] : 1.0;
      narrow_axes_[static_cast<std::size_t>(c * padded_ + d)] = static_cast<float>(mean);
      if (scaled) narrow_scales_[static_cast<std::size_t>(c * padded_ + d)] = static_cast<float>(scale);
      squares += (mean * scale) * (mean * scale);
    }
    const double error = std::sqrt(squares) * 0x1p-22 + 1e-30;
    limit_slopes_[at] = 2 / factors_[at] * (1 + 0x1p-10) * relative;
    limit_errors_[at] = error * error * (1 + 0x1p10) * relative;
  }
}

void MixtureDensity::centre(const float* rows, std::int64_t count, Scratch& scratch) const {
  grow(scratch.rows, count * columns_);
  for (std::int64_t i = 0; i < count; ++i) {
    double* const out = scratch.rows.data() + i * columns_;
    const float* const row = rows + i * columns_;
    const double* const middle = centre_.data();
    for (std::int64_t d = 0; d < columns_; ++d) out[d] = static_cast<double>(row[d]) - middle[d];
  }
}

void MixtureDensity::evaluate(const float* rows, std::int64_t count, const std::int32_t* hints,
                              Scratch& scratch) const {
  scratch.found.clear();
  scratch.best.assign(static_cast<std::size_t>(count), kNothing);
  if (covariance_ == Covariance::full || covariance_ == Covariance::tied) centre(rows, count, scratch);
  if (covariance_ == Covariance::tied) turn(count, scratch);
  if (covariance_ == Covariance::full) {
    evaluate_triangles(count, hints, scratch);
  } else {
    evaluate_axes(rows, count, hints, scratch);
  }
  normalise(count, scratch);
}

/// Sorts what was found by row and component, so that sums do not depend on the order of finding, and turns it into
/// responsibilities (log-sum-exp about the largest).
void MixtureDensity::normalise(std::int64_t count, Scratch& scratch) const {
  auto& first = scratch.first;
  first.assign(static_cast<std::size_t>(count) + 1, 0);
  for (const auto& share : scratch.found) ++first[static_cast<std::size_t>(share.row) + 1];
  for (std::size_t i = 0; i + 1 < first.size(); ++i) first[i + 1] += first[i];
  scratch.shares.resize(scratch.found.size());
  std::vector<std::int64_t> next(first.begin(), first.end() - 1);
  for (const auto& share : scratch.found)
    scratch.shares[static_cast<std::size_t>(next[static_cast<std::size_t>(share.row)]++)] = share;
  scratch.labels.assign(static_cast<std::size_t>(count), 0);
  scratch.log_likelihoods.resize(static_cast<std::size_t>(count));
  auto kept = scratch.shares.begin();
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto begin = scratch.shares.begin() + first[i], end = scratch.shares.begin() + first[i + 1];
    std::sort(begin, end, [](const Share& a, const Share& b) { return a.component < b.component; });
    const double largest = scratch.best[i];
    double sum = 0, most = kNothing;
    const auto row = kept;  // never beyond `share`
    for (auto share = begin; share != end; ++share) {
      if (share->value > most) most = share->value, scratch.labels[i] = share->component;
      if (share->value < largest + kNegligibleLog) continue;
      const double value = std::exp(share->value - largest);
      sum += value;
      *kept++ = {share->row, share->component, value};
    }
    for (auto share = row; share != kept; ++share) share->value /= sum;
    scratch.log_likelihoods[i] = largest + std::log(sum);
  }
  scratch.shares.erase(kept, scratch.shares.end());
}

// ---------------------------------------------------------------- full

void MixtureDensity::evaluate_triangles(std::int64_t count, const std::int32_t* hints, Scratch& scratch) const {
  if (columns_ > kShortPanel) grow(scratch.products, count * kStrip);
  grow(scratch.squares, count);
  grow(scratch.strip, count);
  for (const bool hinted : {true, false})
    for (std::int64_t c = 0; c < k_; ++c) {
      scratch.alive.clear();
      for (std::int32_t i = 0; i < count; ++i)
        if ((hints[i] == c) == hinted) scratch.alive.push_back(i);
      evaluate_triangle(c, !hinted, scratch);
    }
}

/// What some panels add to the squares of scratch.pointers' rows. Short panels stay in the second cache as they are; of
/// long ones, a part at a time stays in the first, for all rows.
void MixtureDensity::strip_squares(const double* packed, std::int64_t first_panel, std::int64_t panels,
                                   const double* offsets, Scratch& scratch) const {
  const auto count = std::ssize(scratch.pointers);
  if (columns_ <= kShortPanel) {
    triangle_squares(scratch.pointers.data(), count, packed + panel_begin(first_panel),
                     panel_terms(first_panel, columns_), columns_, panels, offsets, scratch.strip.data());
    return;
  }
  multiply(scratch.pointers.data(), count, packed, first_panel, panels, scratch.products.data(), kStrip);
  for (std::int64_t n = 0; n < count; ++n)
    scratch.strip[static_cast<std::size_t>(n)] = offset_squares(scratch.products.data() + n * kStrip, offsets, panels);
}

/// The rows scratch.alive under one component.
void MixtureDensity::evaluate_triangle(std::int64_t component, bool may_leave, Scratch& scratch) const {
  const double constant = constants_[static_cast<std::size_t>(component)];
  const double* const packed = triangle(component).data();
  auto& alive = scratch.alive;
  for (const auto i : alive) scratch.squares[static_cast<std::size_t>(i)] = 0;
  const std::int64_t strip = panels_ <= kFewPanels ? 1 : kStripPanels;
  for (std::int64_t p = 0; p < panels_ && !alive.empty(); p += strip) {
    const std::int64_t panels = std::min(strip, panels_ - p);
    scratch.pointers.clear();
    for (const auto i : alive) scratch.pointers.push_back(scratch.rows.data() + i * columns_);
    strip_squares(packed, p, panels, offsets_.data() + (component * panels_ + p) * kPanelColumns, scratch);
    std::size_t kept = 0;
    for (std::size_t n = 0; n < alive.size(); ++n) {
      const auto i = static_cast<std::size_t>(alive[n]);
      scratch.squares[i] += scratch.strip[n];
      const bool leaves = may_leave && constant - 0.5 * scratch.squares[i] < scratch.best[i] + kNegligibleLog;
      alive[kept] = alive[n];
      kept += leaves ? 0 : 1;
    }
    alive.resize(kept);
  }
  for (const auto i : alive) {
    const auto row = static_cast<std::size_t>(i);
    const double value = constant - 0.5 * scratch.squares[row];
    scratch.found.push_back({i, static_cast<std::int32_t>(component), value});
    scratch.best[row] = std::max(scratch.best[row], value);
  }
}

// ---------------------------------------------------------------- tied, diagonal, spherical

/// Rows times the tied triangle: there the covariance is the identity.
void MixtureDensity::turn(std::int64_t count, Scratch& scratch) const {
  const std::int64_t stride = panels_ * kPanelColumns;
  grow(scratch.turned, count * stride);
  scratch.pointers.clear();
  for (std::int64_t i = 0; i < count; ++i) scratch.pointers.push_back(scratch.rows.data() + i * columns_);
  for (std::int64_t p = 0; p < panels_; p += kStripPanels)
    multiply(scratch.pointers.data(), count, triangles_.data(), p, std::min(kStripPanels, panels_ - p),
             scratch.turned.data() + p * kPanelColumns, stride);
}

/// Eight rows at a time, which stay in the caches from one component to the next.
void MixtureDensity::evaluate_axes(const float* rows, std::int64_t count, const std::int32_t* hints,
                                   Scratch& scratch) const {
  grow(scratch.limits, k_ * kSquareRows);
  grow(scratch.sums, k_ * kSquareRows);
  scratch.narrow.assign(static_cast<std::size_t>(kSquareRows * (padded_ + kStagger)), 0.0F);
  for (std::int64_t first = 0; first < count; first += kSquareRows) {
    const std::int64_t height = std::min(kSquareRows, count - first);
    Tile tile{first, height, nullptr, columns_};
    if (covariance_ == Covariance::tied) {
      tile.stride = panels_ * kPanelColumns;
      tile.values = scratch.turned.data() + first * tile.stride;
    } else {
      centre(rows + first * columns_, height, scratch);
      tile.values = scratch.rows.data();
    }
    for (std::int64_t r = 0; r < height; ++r) {
      float* const narrow = scratch.narrow.data() + r * (padded_ + kStagger);
      for (std::int64_t d = 0; d < columns_; ++d) narrow[d] = static_cast<float>(tile.values[r * tile.stride + d]);
      evaluate_one(tile, r, hints[first + r], scratch);
    }
    scan(tile, hints, scratch);
  }
}

void MixtureDensity::evaluate_one(const Tile& tile, std::int64_t r, std::int64_t component, Scratch& scratch) const {
  const double* const scale =
      covariance_ == Covariance::diagonal ? inverse_deviations_.data() + component * columns_ : nullptr;
  const double squares =
      scaled_squares(tile.values + r * tile.stride, axes_.data() + component * tile.stride, scale, columns_);
  const auto c = static_cast<std::size_t>(component), row = static_cast<std::size_t>(tile.first + r);
  const double value = constants_[c] - 0.5 * (factors_[c] * squares);
  scratch.found.push_back({static_cast<std::int32_t>(row), static_cast<std::int32_t>(component), value});
  scratch.best[row] = std::max(scratch.best[row], value);
}

/// Eight rows under all components: float32 shows which are negligible, double evaluates the others.
///
/// With y = (x - m) s of a column and u = 2^-24, the float32 y is at most (|y| (1 + u) + 2 u |m s|)(1 + u)^3 in
/// magnitude, so the length over all columns is at most (1 + 5 u + terms u)(|y| + 2 u |m s|), and its square, as
/// (a + b)^2 <= (1 + t) a^2 + (1 + 1/t) b^2, at most linear in the largest |y|^2 of a component that counts: where it
/// is more, the component does not count. (Underflow makes sums smaller, which is safe; what is no number never
/// leaves.)
void MixtureDensity::scan(const Tile& tile, const std::int32_t* hints, Scratch& scratch) const {
  const std::int64_t first = tile.first, count = tile.count;
  std::array<double, kSquareRows> best;
  best.fill(std::numeric_limits<double>::infinity());  // a row that is not there looks for nothing
  std::copy_n(scratch.best.data() + first, count, best.data());
  scratch.looking.resize(static_cast<std::size_t>(k_));
  std::iota(scratch.looking.begin(), scratch.looking.end(), 0);
  std::fill_n(scratch.sums.data(), k_ * kSquareRows, 0.0F);
  for (std::int64_t c = 0; c < k_; ++c) {
    const auto at = static_cast<std::size_t>(c);
    const double most = constants_[at] - kNegligibleLog, slope = limit_slopes_[at], error = limit_errors_[at];
    float* const limits = scratch.limits.data() + c * kSquareRows;
    for (std::size_t r = 0; r < kSquareRows; ++r) limits[r] = static_cast<float>((most - best[r]) * slope + error);
  }
  for (std::int64_t r = 0; r < count; ++r)  // evaluated already
    scratch.limits[static_cast<std::size_t>(hints[first + r] * kSquareRows + r)] = -1;
  for (std::int64_t begin = 0; begin < padded_ && !scratch.looking.empty(); begin += kLookAgain) {
    const std::int64_t terms = std::min(kLookAgain, padded_ - begin);
    std::size_t kept = 0;
    for (const auto c : scratch.looking) {
      const std::int64_t at = c * padded_ + begin;
      const bool all_leave =
          add_squares(scratch.narrow.data() + begin, padded_ + kStagger, narrow_axes_.data() + at,
                      narrow_scales_.empty() ? nullptr : narrow_scales_.data() + at, terms,
                      scratch.limits.data() + c * kSquareRows, scratch.sums.data() + c * kSquareRows);
      scratch.looking[kept] = c;
      kept += all_leave ? 0 : 1;
    }
    scratch.looking.resize(kept);
  }
  for (const auto c : scratch.looking)
    for (std::int64_t r = 0; r < count; ++r) {
      const auto slot = static_cast<std::size_t>(c * kSquareRows + r);
      if (hints[first + r] != c && !(scratch.sums[slot] > scratch.limits[slot])) evaluate_one(tile, r, c, scratch);
    }
}

}  // namespace coterie::inline clustering
