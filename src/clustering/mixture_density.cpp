#include "mixture_density.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "mixture_kernel.hpp"

namespace coterie {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();
constexpr std::int64_t kStripPanels = 4;    // panels between two looks at who may leave
constexpr std::int64_t kTermsAtOnce = 256;  // 24 KB of a panel stay in the first cache
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
  for (std::size_t at = 0; at < from_centre.size(); ++at) from_centre[at] -= centre_[at % size];

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
  axis_errors_.assign(static_cast<std::size_t>(k_), 0.0);
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
    axis_errors_[at] = std::sqrt(squares) * 0x1p-22 + 1e-30;
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
  scratch.joint.assign(static_cast<std::size_t>(count * k_), kNothing);
  scratch.best.assign(static_cast<std::size_t>(count), kNothing);
  centre(rows, count, scratch);
  if (covariance_ == Covariance::full) {
    evaluate_triangles(count, hints, scratch);
  } else {
    if (covariance_ == Covariance::tied) turn(count, scratch);
    narrow(count, scratch);
    evaluate_axes(count, hints, scratch);
  }
}

// ---------------------------------------------------------------- full

void MixtureDensity::evaluate_triangles(std::int64_t count, const std::int32_t* hints, Scratch& scratch) const {
  grow(scratch.products, count * kStrip);
  grow(scratch.squares, count);
  for (const bool hinted : {true, false})
    for (std::int64_t c = 0; c < k_; ++c) {
      scratch.alive.clear();
      for (std::int32_t i = 0; i < count; ++i)
        if ((hints[i] == c) == hinted) scratch.alive.push_back(i);
      evaluate_triangle(c, !hinted, scratch);
    }
}

/// The rows scratch.alive under one component.
void MixtureDensity::evaluate_triangle(std::int64_t component, bool may_leave, Scratch& scratch) const {
  const double constant = constants_[static_cast<std::size_t>(component)];
  const double* const packed = triangle(component).data();
  const double* const offsets = offsets_.data() + component * panels_ * kPanelColumns;
  auto& alive = scratch.alive;
  for (const auto i : alive) scratch.squares[static_cast<std::size_t>(i)] = 0;
  for (std::int64_t p = 0; p < panels_ && !alive.empty(); p += kStripPanels) {
    const std::int64_t panels = std::min(kStripPanels, panels_ - p);
    scratch.pointers.clear();
    for (const auto i : alive) scratch.pointers.push_back(scratch.rows.data() + i * columns_);
    multiply(scratch.pointers.data(), std::ssize(alive), packed, p, panels, scratch.products.data(), kStrip);
    std::size_t kept = 0;
    for (std::size_t n = 0; n < alive.size(); ++n) {
      const auto i = static_cast<std::size_t>(alive[n]);
      scratch.squares[i] += offset_squares(scratch.products.data() + n * static_cast<std::size_t>(kStrip),
                                           offsets + p * kPanelColumns, panels * kPanelColumns);
      if (!may_leave || !(constant - 0.5 * scratch.squares[i] < scratch.best[i] + kNegligibleLog))
        alive[kept++] = alive[n];
    }
    alive.resize(kept);
  }
  for (const auto i : alive) {
    const auto row = static_cast<std::size_t>(i);
    const double value = constant - 0.5 * scratch.squares[row];
    scratch.joint[static_cast<std::size_t>(i * k_ + component)] = value;
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

void MixtureDensity::narrow(std::int64_t count, Scratch& scratch) const {
  const bool tied = covariance_ == Covariance::tied;
  const double* in = tied ? scratch.turned.data() : scratch.rows.data();
  const std::int64_t stride = tied ? panels_ * kPanelColumns : columns_;
  const std::int64_t height = (count + kSquareRows - 1) / kSquareRows * kSquareRows;
  scratch.narrow.assign(static_cast<std::size_t>(height * padded_), 0.0F);
  for (std::int64_t i = 0; i < count; ++i)
    for (std::int64_t d = 0; d < columns_; ++d)
      scratch.narrow[static_cast<std::size_t>(i * padded_ + d)] = static_cast<float>(in[i * stride + d]);
}

void MixtureDensity::evaluate_one(std::int64_t row, std::int64_t component, Scratch& scratch) const {
  const bool tied = covariance_ == Covariance::tied;
  const std::int64_t stride = tied ? panels_ * kPanelColumns : columns_;
  const double* const values = (tied ? scratch.turned.data() : scratch.rows.data()) + row * stride;
  const double* const scale =
      covariance_ == Covariance::diagonal ? inverse_deviations_.data() + component * columns_ : nullptr;
  const double squares = scaled_squares(values, axes_.data() + component * stride, scale, columns_);
  const auto c = static_cast<std::size_t>(component), i = static_cast<std::size_t>(row);
  const double value = constants_[c] - 0.5 * (factors_[c] * squares);
  scratch.joint[static_cast<std::size_t>(row * k_ + component)] = value;
  scratch.best[i] = std::max(scratch.best[i], value);
}

void MixtureDensity::evaluate_axes(std::int64_t count, const std::int32_t* hints, Scratch& scratch) const {
  grow(scratch.limits, k_ * kSquareRows);
  grow(scratch.sums, k_ * kSquareRows);
  for (std::int64_t i = 0; i < count; ++i) evaluate_one(i, hints[i], scratch);
  for (std::int64_t first = 0; first < count; first += kSquareRows)
    scan(first, std::min(kSquareRows, count - first), scratch);
}

/// Eight rows under all components: float32 shows which are negligible, double evaluates the others.
///
/// With y = (x - m) s of a column and u = 2^-24, the float32 y is at most (|y| (1 + u) + 2 u |m s|)(1 + u)^3 in
/// magnitude, so the float32 length of all columns is at most (1 + 5 u + terms u) (|y| + 2 u |m s|): where it is more
/// than that for the largest |y| of a component that counts, the component does not count. (Underflow makes sums
/// smaller, which is safe; what is no number never leaves.)
void MixtureDensity::scan(std::int64_t first, std::int64_t count, Scratch& scratch) const {
  const double relative = 1 + (static_cast<double>(columns_) / 8 + static_cast<double>(columns_) / 256 + 32) * 0x1p-24;
  scratch.looking.clear();
  for (std::int64_t c = 0; c < k_; ++c) {
    const auto at = static_cast<std::size_t>(c);
    for (std::int64_t r = 0; r < kSquareRows; ++r) {
      const auto slot = static_cast<std::size_t>(c * kSquareRows + r);
      scratch.sums[slot] = 0;
      scratch.limits[slot] = -1;  // a row that is not there, or evaluated: nothing to look for
      if (r >= count || scratch.joint[static_cast<std::size_t>((first + r) * k_ + c)] != kNothing) continue;
      const double most = 2 * (constants_[at] - scratch.best[static_cast<std::size_t>(first + r)] - kNegligibleLog);
      if (most < 0) continue;
      const double length = (std::sqrt(most / factors_[at]) + axis_errors_[at]) * relative;
      scratch.limits[slot] = static_cast<float>(length * length * (1 + 1e-6));
    }
    scratch.looking.push_back(static_cast<std::int32_t>(c));
  }
  for (std::int64_t begin = 0; begin < padded_ && !scratch.looking.empty(); begin += kTermsAtOnce) {
    const std::int64_t terms = std::min(kTermsAtOnce, padded_ - begin);
    std::size_t kept = 0;
    for (const auto c : scratch.looking) {
      float* const sums = scratch.sums.data() + c * kSquareRows;
      const float* const limits = scratch.limits.data() + c * kSquareRows;
      const std::int64_t at = c * padded_ + begin;
      add_squares(scratch.narrow.data() + first * padded_ + begin, padded_, narrow_axes_.data() + at,
                  narrow_scales_.empty() ? nullptr : narrow_scales_.data() + at, terms, sums);
      bool all_leave = true;
      for (std::int64_t r = 0; r < kSquareRows; ++r) all_leave &= sums[r] > limits[r];
      if (!all_leave) scratch.looking[kept++] = c;
    }
    scratch.looking.resize(kept);
  }
  for (const auto c : scratch.looking)
    for (std::int64_t r = 0; r < count; ++r) {
      const auto slot = static_cast<std::size_t>(c * kSquareRows + r);
      if (scratch.limits[slot] >= 0 && !(scratch.sums[slot] > scratch.limits[slot]))
        evaluate_one(first + r, c, scratch);
    }
}

double normalise_joint(std::span<double> joint, double largest) {
  double sum = 0;
  for (double& value : joint) {
    value = value < largest + kNegligibleLog ? 0.0 : std::exp(value - largest);
    sum += value;
  }
  for (double& value : joint) value /= sum;
  return largest + std::log(sum);
}

}  // namespace coterie
