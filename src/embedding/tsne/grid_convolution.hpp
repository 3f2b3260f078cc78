#pragma once

#include <complex>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_partition.hpp"
#include "coterie/tiles/aligned_vector.hpp"

namespace coterie::inline embedding {

/// Splines of this order, of degree one less, carry numbers of points to the nodes of a grid and back.
inline constexpr int kSplineOrder = 6;

/// Convolves numbers on the nodes of a grid, `nodes` each way in 2 or 3 dimensions, with an even kernel, by Fourier
/// transforms of twice that length, so that nothing comes round. The kernel is filtered such that numbers which splines
/// spread to the nodes, and splines gather from them, are convolved with the kernel itself, but for an error that falls
/// with the spacing to the power of the order.
///
/// FFTW by ESTIMATE, line by line, so that the bits depend on nothing but the numbers. Rows without numbers, and those
/// that nobody asks for, are not transformed. Ranks share out the lines of nodes in slabs for transforms along the
/// first dimension, and the waves for those along the others.
///
/// 2-D: 5 (2 n)^2 log2(2 n) flops, shared by all ranks, as are 32 n^2 bytes of memory (16 n^2 on a rank alone); each
/// rank has the kernel's 8 n^2, each thread 300 n. Messages of P ranks: each sends 32 n^2 / P bytes to the others, and
/// everybody gets 8 n^2. 3-D: n^3 instead of n^2, and each thread 40 n^2.
class GridConvolution {
 public:
  GridConvolution(int dimensions, std::int64_t nodes, const Communicator& comm);
  ~GridConvolution();
  GridConvolution(const GridConvolution&) = delete;
  GridConvolution& operator=(const GridConvolution&) = delete;

  std::int64_t nodes() const { return nodes_; }
  const Communicator& comm() const { return comm_; }

  /// kernel(squared distance), of nodes that lie `spacing` apart.
  void set_kernel(const std::function<double(double square)>& kernel, double spacing);

  /// Where along the last dimension this rank's nodes lie.
  RowRange slab() const { return slabs_.rows_of(comm_.rank()); }

  /// In place: nodes^dimensions numbers, the first dimension's neighbours side by side; at first of this rank's slab
  /// alone, then all. Collective.
  void apply(std::span<double> grid, ThreadPool& pool);

 private:
  using Spectra = AlignedVector<std::complex<double>>;
  struct Plans;
  struct Workspace;
  RowRange lines_of(int rank) const;
  RowRange own_lines() const { return lines_of(comm_.rank()); }
  RowRange own_waves() const { return waves_.rows_of(comm_.rank()); }
  void transform_lines(std::span<const double> grid, ThreadPool& pool);
  void transform_lines_back(std::span<double> grid, ThreadPool& pool);
  void share_waves();
  void share_lines();
  void filter_columns(std::int64_t first, std::int64_t count, Workspace& workspace);
  void filter_plane(std::int64_t column, Workspace& workspace);
  const double* kernel_line(std::int64_t plane, std::int64_t column) const;

  int dimensions_;
  std::int64_t nodes_, length_;  ///< length_: of a transform, twice the nodes
  const Communicator& comm_;
  RowPartition slabs_, waves_;
  std::unique_ptr<Plans> plans_;
  AlignedVector<double> kernel_;  ///< [plane][column][row], nodes + 1 each: transformed, it is even
  Spectra by_rank_;               ///< for each rank [own line][its wave]
  Spectra by_line_;               ///< [line][own wave]; on a rank alone the same as by_rank_, and one of them is empty
  std::vector<std::int64_t> wave_counts_, line_counts_;  ///< what by_rank_ and by_line_ have of or for each rank
  std::vector<std::unique_ptr<Workspace>> workspaces_;
};

/// At least `nodes`, such that transforms of twice as many are fast: even, of factors 2, 3 and 5.
std::int64_t friendly_nodes(std::int64_t nodes);

}  // namespace coterie::inline embedding
