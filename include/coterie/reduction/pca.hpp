#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "coterie/base/matrix_view.hpp"
#include "coterie/base/share_done.hpp"
#include "coterie/reduction/standardise.hpp"

namespace coterie::inline reduction {

/// How the principal axes are found. d components of N x D rows; flops are shared by all ranks and threads but where it
/// says otherwise, and the bits are the same on any number of them.
enum class PcaSolver {
  automatic,   ///< what choose_solver() says
  covariance,  ///< eigenvectors of the D x D covariance in double: N D^2 + 5/3 D^3 + 3 D^2 d flops. Singular values are
               ///< good to about 1e-8 of the largest, which is what float32 rows carry. D <= 32,768
  tsqr,        ///< singular vectors of the R of A = QR: 2 N D^2 flops, then on one core about 16/3 D^3; singular values
               ///< good to about 1e-15 of the largest. D <= 32,768
  gram,        ///< eigenvectors of the N x N matrix of inner products, for wide data (N < D): N^2 D + 2 N D d + 5/3 N^3
               ///< flops; accuracy as covariance, axes without variance completed to an orthonormal set. Any D,
               ///< N <= 32,768
  randomised,  ///< Halko, Martinsson, Tropp (SIAM Review 53, 2011), algorithm 4.4 on A'A: power_iterations + 2 passes
               ///< of 4 N D l flops, l = d + oversampling; approximate, see error_bound. Any N and D
  incremental,  ///< one pass over the rows (Ross et al., IJCV 77, 2008), for streams that are costly to read:
                ///< 2 (b + d) D^2 flops a batch of b rows, then on one core about 16/3 D^3; approximate, see
                ///< error_bound
};

struct PcaOptions {
  Normalise normalise = Normalise::none;  ///< before the axes are found (columns are centred in any case)
  bool whiten = false;  ///< divides each projected column by the square root of its explained variance; a column whose
                        ///< variance is below 1e-14 of the first's, which is rounding, becomes 0
  Normalise normalise_after = Normalise::none;  ///< of the projected (and whitened) rows: none or l2
  std::int64_t components = 0;  ///< how many to keep, 1 .. min(N, D); 0 for all, or for as many as `variance` asks
  double variance = 0;          ///< keep the fewest components that explain this share, in (0, 1]; 0 is not used.
                                ///< With both, the smaller number. Not with randomised or incremental, which do not
                                ///< find all singular values (scikit-learn refuses it, too)
  PcaSolver solver = PcaSolver::automatic;
  std::int64_t oversampling = 10;  ///< randomised: further directions that are iterated and then dropped
  int power_iterations = -1;    ///< randomised, scikit-learn's iterated_power; -1 for 7 where d < 0.1 min(N, D), else 4
  std::uint64_t seed = 0;       ///< randomised
  std::int64_t batch_rows = 0;  ///< incremental: rows of one update, `components` or more; 0 for 5 D
  std::int64_t memory_bytes = std::int64_t{4} << 30;  ///< aim for partial results of a rank; does not change the bits
  ShareDone on_share = {};                            ///< of the fit
};

/// A fitted reduction D -> d: row x becomes components * ((normalised x - mean) / scale), then normalise_after.
/// Names as in scikit-learn's PCA.
struct Pca {
  Normalise normalise = Normalise::none;
  Normalise normalise_after = Normalise::none;
  bool whiten = false;
  PcaSolver solver = PcaSolver::covariance;  ///< that found it, never automatic
  /// 0 for the exact solvers, and for incremental when it never had to drop a direction. Else e such that for the
  /// centred rows A and the components V, |A - A V'V| <= sigma_(d+1) + e sigma_1 in the spectral norm, sigma_(d+1)
  /// being the least that any d components can miss. Computed after the fact: for randomised from the residual of the
  /// subspace (true unless a leading direction was missed altogether, of probability 0), for incremental from what each
  /// batch dropped (always true). In explained variance the loss is far smaller as a rule.
  double error_bound = 0;
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
  std::int64_t components_of_share = 0;  ///< as many as options.variance alone would have kept; 0 without. Not stored

  std::int64_t count() const { return static_cast<std::int64_t>(explained_variance.size()); }
};

/// The solver that costs least by flops and bytes; communicates nothing. Exact solvers (to what float32 rows carry) in
/// seconds of one core, with k = d, or min(N, D) where all are wanted or a share of the variance, and n = min(N, D):
///
///     covariance   4 N D / S + N D^2 / G + E(D)                    never for D > 32,768
///     gram         8 N D / S + (N^2 D + 2 N D k) / G + E(N)        never for N > 32,768
///     tsqr         4 N D / S + 2 N D^2 / H + B                     without the second term for N < D
///     E(n)         (n^3 + 3 n^2 k) / G + 4/3 n^3 / S
///     B            (4/3 n^2 D + 4 n^3) / G + 16/3 n^2 D / S
///     randomised   (q + 2) (4 N D / S + 4 N D l / G + 8 D l^2 / H)
///
/// G = 48 GFLOP/s, what GEMM reaches in double here (Zen 4), H = 28 GFLOP/s, assumed of panels of reflectors with
/// all around them (37 measured since), S = 20 GB/s, assumed (26 to 44 measured). Only their ratios matter.
///
/// randomised is taken only when a number of components is given and no share of the variance, l <= n / 10, and the
/// cheapest exact solver costs more than 10 times as much (or there is none); Pca::solver and error_bound say so then.
/// incremental is never taken unasked.
///
/// Throws InvalidArgument when N and D are both above 32,768 and randomised is no choice.
PcaSolver choose_solver(std::int64_t rows, std::int64_t columns, const PcaOptions& options);

/// "covariance", "tsqr" ...: what --solver calls it; "auto" for automatic.
const char* solver_name(PcaSolver solver);

/// Fits to all rows, in blocks. Collective; the same bits on every rank, on any number of ranks and threads.
///
/// Reads of each row: two for column statistics (three with standard, or randomised), and then one for covariance and
/// tsqr, one by every rank and one for each pair of tiles for gram (see wide_axes.hpp), power_iterations + 2 for
/// randomised. incremental reads each row once, and no statistics before unless normalise is standard.
///
/// Bytes on each rank: covariance about 48 D^2, and 8 D^2 log2(leaves) for each thread, of up to memory_bytes; tsqr the
/// same on rank 0, 16 D^2 elsewhere; gram the same in N, and 16 d D; randomised 32 D l, and 8 D l log2(leaves) for each
/// thread; incremental 4 D batch_rows / ranks and what tsqr needs.
/// Messages of a rank: fold_tree's, one broadcast of 8 D^2 bytes, and the eigenproblem's (tridiagonal.hpp,
/// divide_and_conquer.hpp).
///
/// With components that have no variance (fewer independent rows than asked for) these are orthonormal, too.
/// Throws InvalidArgument, on every rank, when an option is out of its range or does not suit the solver, a row holds
/// NaN or infinity (the message has its number), or there are more columns or rows than the solver can take.
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

}  // namespace coterie::inline reduction
