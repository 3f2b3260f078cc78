#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "coterie/base/matrix_view.hpp"
#include "coterie/reduction/standardise.hpp"

namespace coterie {

/// How the principal axes are found. d components of N x D rows.
enum class PcaSolver {
  automatic,    ///< what choose_solver() says
  covariance,   ///< eigenvectors of the D x D covariance in double: N D^2 flops. Singular values are good to about 1e-8
                ///< of the largest, which is what float32 rows carry
  tsqr,         ///< singular vectors of the R of A = QR: 2 N D^2 flops, singular values good to about 1e-15 of the
                ///< largest
  gram,         ///< eigenvectors of the N x N matrix of inner products: N^2 D flops, for wide data (N < D); accuracy as
                ///< covariance. No limit on the columns
  randomised,   ///< Halko, Martinsson, Tropp (SIAM Review 53, 2011): subspace iterations with TSQR; an approximation
                ///< whose error is stated in Pca::error_bound
  incremental,  ///< one pass over the rows (Ross et al., IJCV 77, 2008): for streams that are costly to read;
                ///< approximate
};

struct PcaOptions {
  Normalise normalise = Normalise::none;  ///< before the axes are found (columns are centred in any case)
  bool whiten = false;  ///< divides each projected column by the square root of its explained variance
  Normalise normalise_after = Normalise::none;  ///< of the projected (and whitened) rows: none or l2
  std::int64_t components = 0;  ///< how many to keep, 1 .. min(N, D); 0 for all, or for as many as `variance` asks
  double variance = 0;          ///< keep the fewest components that explain this share, in (0, 1]; 0 is not used.
                                ///< With both, the smaller number
  PcaSolver solver = PcaSolver::automatic;
  std::int64_t oversampling = 10;  ///< randomised: further directions that are iterated and then dropped
  int power_iterations = -1;       ///< randomised: passes; -1 for 7 where components < 0.1 min(N, D), else 4
  std::uint64_t seed = 0;          ///< randomised
  std::int64_t batch_rows = 0;     ///< incremental: rows of one update; 0 for 5 D
  std::int64_t memory_bytes = std::int64_t{4} << 30;  ///< aim for partial results of a rank; does not change the bits
};

/// A fitted reduction D -> d: row x becomes components * ((normalised x - mean) / scale), then normalise_after.
/// Names as in scikit-learn's PCA.
struct Pca {
  Normalise normalise = Normalise::none;
  Normalise normalise_after = Normalise::none;
  bool whiten = false;
  PcaSolver solver = PcaSolver::covariance;      ///< that found it, never automatic
  double error_bound = 0;                        ///< of the spectral norm of what the components miss beyond the best
                                                 ///< such rank, relative to the largest singular value; 0: exact
  std::int64_t dimensions = 0;                   ///< D
  std::vector<double> mean;                      ///< size D, of the rows (after l2 normalisation where asked for)
  std::vector<double> scale;                     ///< size D where normalise is standard, else empty
  std::vector<double> components;                ///< d x D, row-major, orthonormal rows; each row's entry of largest
                                                 ///< magnitude (the first of equals) is positive
  std::vector<double> explained_variance;        ///< size d, descending; of N - 1 degrees of freedom
  std::vector<double> explained_variance_ratio;  ///< size d, of total_variance; zeros if that is zero
  std::vector<double> singular_values;           ///< size d, of the centred matrix
  double total_variance = 0;
  std::int64_t rows = 0;                       ///< N, the rows it was fitted to
  std::vector<std::int64_t> constant_columns;  ///< that carry nothing

  std::int64_t count() const { return static_cast<std::int64_t>(explained_variance.size()); }
};

/// The solver that costs least among those that are exact to what float32 rows carry, by the flops and bytes each
/// needs, as docs/architecture.md writes down; with `components` far fewer than both sides, too.
PcaSolver choose_solver(std::int64_t rows, std::int64_t columns, const PcaOptions& options);

/// "covariance", "tsqr" ...: what --solver calls it.
const char* solver_name(PcaSolver solver);

/// Fits to all rows, reading each four times, in blocks. Collective; the same bits on every rank, on any number of
/// ranks and threads. The D x D problem is solved on rank 0 (its memory: about 40 D^2 bytes; on every rank 8 D^2 for
/// each thread, up to 8), the vectors that are kept are transformed back by all. Throws InvalidArgument, on every rank,
/// when an option is out of its range, a row holds NaN or infinity, or there are more than 32,768 columns.
Pca fit_pca(const RowSource& source, const PcaOptions& options, const Communicator& comm, ThreadPool& pool);

/// Projects rows (n x D) to out (n x d), in double, rounded once to float32. A row's bits do not depend on the rows
/// around it nor on how many there are; one with NaN or infinity becomes NaN. 2 n D d flops.
void project(const Pca& pca, MatrixView<const float> rows, float* out);

/// Projects this rank's rows, block by block, and hands each block (range of global rows, range.size() x d) to
/// `sink`, in ascending order, from the calling thread. Which rows are its own: RowPartition(N, kProjectBlockRows,
/// ranks). Collective only in how it fails: an error on one rank is everybody's.
constexpr std::int64_t kProjectBlockRows = 1024;
void project_rows(const RowSource& source, const Pca& pca, const Communicator& comm, ThreadPool& pool,
                  const std::function<void(RowRange range, const float* rows)>& sink);

}  // namespace coterie
