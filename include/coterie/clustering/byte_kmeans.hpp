#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_partition.hpp"

namespace coterie::inline clustering {

/// N rows of D whole numbers from 0 to 255, as SIFT's descriptors are. Any rank may read any rows, from any thread.
class ByteRows {
 public:
  virtual ~ByteRows() = default;
  virtual std::int64_t rows() const = 0;
  virtual std::int64_t columns() const = 0;
  /// Copies rows [range) to out, range.size() x columns(). Throws FileError when the store cannot deliver them.
  virtual void read(RowRange range, std::uint8_t* out) const = 0;
};

/// Of `rows` rows `wanted` (at most all), ascending: one drawn from each of `wanted` strata of equal length, a function
/// of the seed alone.
std::vector<std::int64_t> stratified_sample(std::int64_t rows, std::int64_t wanted, std::uint64_t seed);

/// Centroids are whole multiples of 1 / kCentroidUnits, so that with at most kMostByteColumns columns a product of row
/// and centroid fits 32 bits and every distance is an exact whole number.
inline constexpr std::int64_t kCentroidUnits = 128;
inline constexpr std::int64_t kMostByteColumns = 256;

struct ByteKMeansOptions {
  std::int64_t k = 300;
  int max_iter = 100;  ///< Lloyd: passes over the rows; mini-batch: that many passes' worth of drawn rows
  double tol = 1e-4;   ///< Lloyd ends when the centroids' squared shifts sum to at most tol x the mean column
                       ///< variance; or when no label changes
  std::uint64_t seed = 0;
  std::vector<std::int64_t> sample;  ///< ascending row numbers to train on; empty: all rows
  std::int64_t batch_rows = 0;       ///< mini-batch k-means with steps of so many rows; 0: Lloyd's k-means
  bool batches_in_order = false;     ///< a batch is the next rows in their order, without drawing, and
  std::int64_t batches = 0;          ///< so many batches are taken; 0: as max_iter and max_no_improvement say
  int max_no_improvement = 10;       ///< mini-batch ends after so many steps without a better smoothed inertia
  std::function<void(int iteration, double inertia)> on_iteration = {};  ///< on every rank, after each
};

struct ByteKMeansResult {
  std::int64_t k = 0, columns = 0;
  std::vector<std::int16_t> centroids;  ///< k x D, in units of 1 / kCentroidUnits; the same on every rank
  std::vector<std::int64_t> sizes;      ///< k, of the rows trained on, by the last pass; of a mini-batch those drawn
  double inertia = 0;                   ///< sum of squared distances at the last pass (Lloyd) or of the last batch
  int n_iter = 0;                       ///< passes, or batches
  bool converged = false;
  std::int64_t reseeded = 0;  ///< empty clusters that were given a new start
};

/// K-means over bytes in whole numbers alone: Lloyd's, or mini-batch k-means (Sculley, WWW 2010, each centroid the mean
/// of all rows that it was ever given). Products, distances, sums and means (rounded to the unit, halves up) are exact
/// integers, so that the result has the same bits on any number of ranks and threads **and on any type of machine**.
///
/// Seeding is k-means++ (Arthur and Vassilvitskii, SODA 2007) on at most max(3 k, 64 k where k <= 10,000) of the rows.
/// A row's label is the centroid of the smallest distance, the lowest number among equals. An empty cluster takes the
/// row farthest from its centroid, the lowest among equals; several take different rows.
///
/// Throws InvalidArgument on every rank: k < 1, k > rows to train on, k > distinct rows met in seeding, more than
/// kMostByteColumns columns, a sample that does not ascend within the rows.
///
/// Cost for n local of N rows: a pass is n k D products of 16-bit numbers (vpdpwssd or vpmaddwd; n k D / 2
/// instructions' lanes) and one message of 8 (k D + k + 4) bytes; seeding 64 k D bytes read and 2 messages for each
/// centroid. Memory: n D bytes of rows and 8 k D for each thread.
ByteKMeansResult byte_kmeans(const ByteRows& rows, const ByteKMeansOptions& options, const Communicator& comm,
                             ThreadPool& pool);

/// Finds the nearest of k centroids, exactly; const calls from any thread.
class NearestByteCentroid {
 public:
  /// centroids: k x columns in units of 1 / kCentroidUnits, each from 0 to 255 * kCentroidUnits.
  NearestByteCentroid(std::span<const std::int16_t> centroids, std::int64_t k, std::int64_t columns);
  ~NearestByteCentroid();
  NearestByteCentroid(NearestByteCentroid&&) noexcept;

  /// rows: count x columns. labels: count. `squared`, where given: count squared distances in units of
  /// 1 / kCentroidUnits^2. Cost: count k columns products.
  void find(const std::uint8_t* rows, std::int64_t count, std::int32_t* labels, std::int64_t* squared = nullptr) const;

 private:
  struct Panels;
  std::unique_ptr<Panels> panels_;
};

}  // namespace coterie::inline clustering
