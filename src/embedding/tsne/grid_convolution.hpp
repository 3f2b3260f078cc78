#pragma once

#include <complex>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "coterie/base/thread_pool.hpp"
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
/// that nobody asks for, are not transformed. 2-D: 5 (2 n)^2 log2(2 n) flops and memory of 16 n^2 bytes beside the
/// kernel's 8 n^2 and each thread's 300 n; 3-D: 5 (2 n)^3 log2(2 n), 16 n^3, 8 n^3, 40 n^2.
class GridConvolution {
 public:
  GridConvolution(int dimensions, std::int64_t nodes);
  ~GridConvolution();
  GridConvolution(const GridConvolution&) = delete;
  GridConvolution& operator=(const GridConvolution&) = delete;

  std::int64_t nodes() const { return nodes_; }

  /// kernel(squared distance), of nodes that lie `spacing` apart.
  void set_kernel(const std::function<double(double square)>& kernel, double spacing);

  /// In place: nodes^dimensions numbers, the first dimension's neighbours side by side.
  void apply(double* grid, ThreadPool& pool);

 private:
  struct Plans;
  struct Workspace;
  void filter_columns(std::int64_t first, std::int64_t count, Workspace& workspace);
  void filter_plane(std::int64_t column, Workspace& workspace);
  const double* kernel_line(std::int64_t plane, std::int64_t column) const;

  int dimensions_;
  std::int64_t nodes_, length_;  ///< length_: of a transform, twice the nodes
  std::unique_ptr<Plans> plans_;
  AlignedVector<double> kernel_;                 ///< [plane][column][row], nodes + 1 each: transformed, it is even
  AlignedVector<std::complex<double>> spectra_;  ///< of each row of nodes: nodes + 1
  std::vector<std::unique_ptr<Workspace>> workspaces_;
};

/// At least `nodes`, such that transforms of twice as many are fast: even, of factors 2, 3 and 5.
std::int64_t friendly_nodes(std::int64_t nodes);

}  // namespace coterie::inline embedding
