#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"
#include "coterie/tiles/aligned_vector.hpp"

namespace coterie::inline evaluation {

/// Rows that meet other rows in a product lie in groups of kGroup lanes: out[row][lane], a lane's numbers side by side
/// with its neighbours', so that everything after the product fills vector registers.
constexpr std::int64_t kGroup = 64;
constexpr std::int64_t kPanel = 16;  ///< lanes that the product takes at a time: two registers

/// How rows are moved and scaled before their products are taken: silhouettes know neither place nor unit.
struct Centring {
  std::vector<double> centre;  ///< size D
  double unit = 1;             ///< a power of two that brings the longest centred row to between 1/2 and 2

  std::int64_t columns() const { return static_cast<std::int64_t>(centre.size()); }
};

/// `bounds`: no |row[c]| is larger (column_bounds). `centre`: near the rows' mean.
Centring centring_of(const std::vector<double>& bounds, std::vector<double> centre);

/// Rows as given and centred, that somebody else holds.
struct CentredView {
  std::span<const float* const> given;
  const float* centred = nullptr;         ///< size() x D, row-major
  const float* square_lengths = nullptr;  ///< of the centred rows

  std::int64_t size() const { return std::ssize(given); }
};

/// Of all rows: their mean and their reach. Collective; the same on every rank. Throws InvalidArgument, on every rank,
/// naming the first row that holds NaN or infinity. Reads the rows twice.
Centring centring_of(const RowSource& source, const Communicator& comm, ThreadPool& pool);

/// Holds rows by their global numbers.
class RowTile {
 public:
  /// Reads runs of rows at once; rows that lie in memory stay there. FileError from the source.
  void load(const RowSource& source, std::span<const std::int64_t> rows, const Centring& centring);

  /// Rows in hand already, one after the other.
  void centre(const float* rows, std::int64_t count, const Centring& centring);

  CentredView rows() const { return {given_, centred_.data(), square_lengths_.data()}; }

 private:
  void centre_given(const Centring& centring);

  std::vector<const float*> given_;
  std::vector<float> buffer_, centred_, square_lengths_;
};

/// Rows in an order of one's own, tile by tile: all centred once and kept where that takes at most `memory_bytes` (4 N
/// D bytes, 8 N D where the rows do not lie in memory), otherwise read and centred each time.
class CentredRows {
 public:
  /// `order`: global numbers. The source, order and centring must outlive it.
  CentredRows(const RowSource& source, std::span<const std::int64_t> order, const Centring& centring,
              std::int64_t memory_bytes, ThreadPool& pool);

  /// Places of the order; `tile` holds the rows where they are not kept.
  CentredView rows(RowRange places, RowTile& tile) const;

 private:
  const RowSource& source_;
  std::span<const std::int64_t> order_;
  const Centring& centring_;
  std::vector<RowTile> kept_;  ///< kKeptRows rows each
};

/// Rows as the lanes of a product: panels of kPanel lanes, [panel][D][lane], zeros where there is no row.
struct LaneTile {
  std::int64_t size = 0;
  AlignedVector<float> panels;
  std::vector<float> square_lengths;  ///< padded with zeros to whole groups
  std::vector<const float*> given;    ///< empty when packed from centred rows alone

  std::int64_t groups() const { return (size + kGroup - 1) / kGroup; }
  void pack(const CentredView& rows, std::int64_t columns);

  /// The panels alone, from centred rows.
  void pack(const float* centred, std::int64_t count, std::int64_t columns);
};

/// out[(group * group_stride) + row * kGroup + lane] = <row, lane> for the groups [first, first + groups) of `lanes`
/// (out begins at `first`) and `count` centred rows of D = columns. In float32 by fused operations, terms in ascending
/// order within each 256 columns and these sums in ascending order: a function of the two rows alone, the same
/// whichever is the lane. Lanes of panels without rows are left as they are. 2 count lanes D flops.
void pair_products(const LaneTile& lanes, std::int64_t first, std::int64_t groups, const float* rows,
                   std::int64_t count, std::int64_t columns, float* out, std::int64_t group_stride);

/// A bound on |pair_products - true product| for centred rows of lengths a and b: this times a b.
double product_error(std::int64_t columns);

/// The distances of `rows` to all lanes, in units of the centring: out[group][row][lane], group_stride apart.
///
/// sqrt(|x|^2 + |y|^2 - 2 <x, y>) in float32; where that difference cancels to less than 1/16 of |x|^2 + |y|^2, the
/// products leave too much uncertain and the distance is taken directly from the rows as given. Symmetric to the bit,
/// 0 for equal rows, below 4.
void pair_distances(const LaneTile& lanes, const CentredView& rows, const Centring& centring, float* out,
                    std::int64_t group_stride);

}  // namespace coterie::inline evaluation
