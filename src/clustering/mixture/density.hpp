#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/clustering/gaussian_mixture.hpp"
#include "coterie/tiles/aligned_vector.hpp"

namespace coterie::inline clustering {

/// A responsibility below this counts as zero. The sums over n rows miss less than n 2^-100, where each component keeps
/// a weight of 10 * 2^-52 in any case.
inline constexpr double kNegligibleLog = -69.314718055994530942;  // log 2^-100

/// The numbers of an upper triangle, column by column in panels of 12, each panel with the rows down to its last
/// diagonal entry: half the memory of the square, and what add_products() reads.
std::int64_t packed_size(std::int64_t columns);
/// `square`: row-major D x D; below the diagonal it may hold anything, and unpack() writes zeros.
void pack_triangle(const double* square, std::int64_t columns, double* packed);
void unpack_triangle(const double* packed, std::int64_t columns, double* square);

/// A mixture in the form in which the E-step reads it.
///
/// log(weight * density) of a row and a component is log weight + log det U - (D log 2 pi + q) / 2, with
/// q = |(x - mean) U|^2. Every term of q is at least zero, so q grows as columns are added, in floating point too: a
/// component is left as soon as its q so far proves its responsibility below 2^-100. Which terms are spared never shows
/// in the result, so it may depend on hints.
class MixtureDensity {
 public:
  MixtureDensity(Covariance covariance, std::int64_t k, std::int64_t columns);

  std::int64_t k() const { return k_; }
  std::int64_t columns() const { return columns_; }
  Covariance covariance() const { return covariance_; }

  /// To be filled by the caller before set(): the packed triangles (full: k, tied: 1), or 1 / standard deviation
  /// (diagonal: k x D, spherical: k).
  std::span<double> triangle(std::int64_t component);
  std::span<const double> triangle(std::int64_t component) const;
  std::span<double> inverse_deviations() { return inverse_deviations_; }
  std::span<const double> inverse_deviations() const { return inverse_deviations_; }

  /// weights: k, means: k x D. Derives all else from these and the numbers above. k D^2 flops.
  void set(std::span<const double> weights, std::span<const double> means, ThreadPool& pool);

  /// A responsibility that counts.
  struct Share {
    std::int32_t row, component;
    double value;
  };

  /// What evaluate() tells of a block of rows, and what one worker needs for it.
  struct Scratch {
    std::vector<Share> shares;            // by row, then by component
    std::vector<std::int32_t> labels;     // of each row, its most probable component, the lowest among equals
    std::vector<double> log_likelihoods;  // of each row, the log of its density

    std::vector<Share> found;         // log(weight * density), as they come
    std::vector<std::int64_t> first;  // of each row, where its shares begin
    std::vector<double> rows, turned,
        products;               // centred rows; the same times the tied triangle; a few columns of them
    std::vector<float> narrow;  // rows or turned rows in float32
    std::vector<double> best;   // the largest so far, of each row
    std::vector<std::int32_t> alive;
    std::vector<const double*> pointers;
    std::vector<double> squares, strip;
    std::vector<float> limits, sums;
    std::vector<std::int32_t> looking;
  };

  /// Fills scratch.shares, labels and log_likelihoods for `count` rows. hints[i] is a guess of row i's most probable
  /// component. At most n k D^2 flops for full covariances, n D^2 + 3 n k D for a tied one, 3 n k D else; the first
  /// half in double, n k D in float32.
  void evaluate(const float* rows, std::int64_t count, const std::int32_t* hints, Scratch& scratch) const;

 private:
  /// Up to eight rows, centred or turned.
  struct Tile {
    std::int64_t first, count;
    const double* values;
    std::int64_t stride;
  };

  void centre(const float* rows, std::int64_t count, Scratch& scratch) const;
  void evaluate_triangles(std::int64_t count, const std::int32_t* hints, Scratch& scratch) const;
  void evaluate_triangle(std::int64_t component, bool may_leave, Scratch& scratch) const;
  void strip_squares(const double* packed, std::int64_t first_panel, std::int64_t panels, const double* offsets,
                     Scratch& scratch) const;
  void turn(std::int64_t count, Scratch& scratch) const;
  void evaluate_axes(const float* rows, std::int64_t count, const std::int32_t* hints, Scratch& scratch) const;
  void scan(const Tile& tile, const std::int32_t* hints, Scratch& scratch) const;
  void evaluate_one(const Tile& tile, std::int64_t r, std::int64_t component, Scratch& scratch) const;
  void normalise(std::int64_t count, Scratch& scratch) const;
  void set_axes(const std::vector<double>& from_centre);
  void multiply(const double* const* rows, std::int64_t count, const double* packed, std::int64_t first_panel,
                std::int64_t panels, double* out, std::int64_t stride) const;

  Covariance covariance_;
  std::int64_t k_, columns_, panels_, padded_;  // padded_: columns of a row of float32, a multiple of 8
  AlignedVector<double> triangles_;
  std::vector<double> inverse_deviations_;
  std::vector<double> centre_;   // D: rows are taken relative to it, so that an offset costs no digits
  std::vector<double> offsets_;  // full: k x 12 panels, (mean - centre) U
  std::vector<double> axes_;     // else: k x D (tied: k x 12 panels), the means in the rows' or the turned coordinates
  std::vector<double> factors_;  // else: k, what squares are multiplied by
  std::vector<double> constants_;  // k: log weight + log det U - D log(2 pi) / 2
  std::vector<float> narrow_axes_, narrow_scales_;
  std::vector<double> limit_slopes_, limit_errors_;  // k: see scan()
};

}  // namespace coterie::inline clustering
