#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "coterie/base/share_done.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"
#include "coterie/evaluation/labelling.hpp"

namespace coterie::inline evaluation {

/// What is kept of silhouettes. Their values for each row are 8 N bytes a labelling.
enum class SilhouetteDetail {
  rows,   ///< everything
  means,  ///< the means only, `values` stays empty: for thousands of labellings
};

struct Silhouette {
  bool defined = false;
  std::string reason;                 ///< why it is not defined; then all else is empty
  std::vector<double> values;         ///< size N, in [-1, 1]; 0 for a row alone in its cluster
  std::vector<double> cluster_means;  ///< size k; 0 for an empty cluster
  double mean = 0;
};

/// The exact silhouette of each row under each labelling, by Euclidean distance. Collective; the whole result, the same
/// bits, on every rank, on any number of ranks and threads, whatever `memory_bytes` is, and whichever other labellings
/// are given with it.
///
/// Distances come from float32 products of centred rows; where these would cancel (closer than a quarter of the rows'
/// joint length) they are taken directly from the rows as given. A distance is good to about 3e-6 of itself at worst
/// and 2e-7 typically, a mean of many far better. Each is rounded to a multiple of 2^-43 of the longest row's length
/// (for 65,000 rows; a bit more for each doubling), and sums are exact. Agreement with scikit-learn: 1e-6.
///
/// There are two ways to the same bits, and the cheaper is taken (src/evaluation/silhouette/ways.hpp):
/// - folded, N^2 D flops, for few labellings whose sums of 8 N bytes a cluster fit half of `memory_bytes`, where 200
/// clusters
///   ranks <= N D: each distance is measured once for both its rows; one message of these sums.
/// - by strips of up to 512 rows, 2 N^2 D flops, whatever the number of labellings: 4 bytes a thread for each pair of a
///   row of the strip and any row, no message. `memory_bytes` narrows the strips, down to 1 MiB and 512 k bytes a
///   thread; then distances are measured for each group of labellings anew. Rows are read once for each strip.
/// Besides, N^2 square roots (half as many where folded) and N^2 additions for each labelling, a quarter of a cycle
/// each; messages: 8 bytes for each cluster, and 8 N for each labelling whose rows are kept. Memory beside
/// `memory_bytes`: the labels, 8 bytes a cluster, the result.
///
/// Throws InvalidArgument for labels that do not fit the rows, and for the first row with NaN or infinity.
/// Source: Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20 (1987).
std::vector<Silhouette> silhouettes(const RowSource& source, std::span<const Labelling> labellings,
                                    const Communicator& comm, ThreadPool& pool,
                                    std::int64_t memory_bytes = std::int64_t{1} << 30,
                                    SilhouetteDetail detail = SilhouetteDetail::rows, const ShareDone& on_share = {});

/// An estimate of the mean silhouette from the exact silhouettes of some rows.
struct SampledSilhouette {
  bool defined = false;
  std::string reason;
  double mean = 0;
  double error = 0;         ///< standard error of the mean
  std::int64_t sample = 0;  ///< rows it is taken over; where that is all rows it is exact and error is 0
  // With SilhouetteDetail::rows, and of a sample that is smaller than N:
  std::vector<double> values;         ///< size N; NaN of rows that were not drawn
  std::vector<double> cluster_means;  ///< size k, over the drawn rows; NaN where none was
};

/// Takes the silhouettes of `sample` rows drawn without replacement (those with the smallest numbers
/// Random(seed, Purpose::silhouette_sample).bits(row)) among all N rows, so that the mean is unbiased; its error is
/// that of the sample's variance with the correction for a finite population, sqrt(1 - sample / N). With sample >= N it
/// is the exact mean, to the bit. The same rows for all labellings: differences between them are better known than
/// each.
///
/// Collective, the same bits on any ranks and threads. 2 sample N D flops, sample N additions for each labelling;
/// memory and messages as by strips above, and 16 N bytes for the draw. Throws InvalidArgument as silhouettes() does,
/// and unless sample >= 2. Source: Cochran, "Sampling Techniques" (1977), section 2.5.
std::vector<SampledSilhouette> sampled_silhouettes(const RowSource& source, std::span<const Labelling> labellings,
                                                   std::int64_t sample, std::uint64_t seed, const Communicator& comm,
                                                   ThreadPool& pool, std::int64_t memory_bytes = std::int64_t{1} << 30,
                                                   SilhouetteDetail detail = SilhouetteDetail::means,
                                                   const ShareDone& on_share = {});

/// silhouettes() of one labelling.
Silhouette silhouette(const RowSource& source, const Labelling& labelling, const Communicator& comm, ThreadPool& pool);

/// The simplified silhouette: a row's distance to its own cluster's centroid takes the place of a, the smallest to
/// another centroid that of b; centroids are the means of the labelled rows. No estimate of the other, but cheap, and
/// exact by its own definition: products in float32 only say which centroids can be the nearest, and those are measured
/// in double. 0 for a row alone in its cluster (whose a is 0) and where a = b = 0. Collective, the same bits on every
/// rank, on any ranks and threads; values as well as means on every rank.
///
/// 2 N k D flops in float32 and about 6 N D in double; rows are read four times. Messages: 8 k D and 8 N bytes. Memory
/// on a rank: 4 (threads + 2) k D 2 bytes for the sums, 1 KiB k for each thread, 16 N.
/// Throws InvalidArgument as silhouettes() does.
/// Source: Hruschka, de Castro, Campello, "Evolutionary algorithms for clustering gene-expression data", ICDM 2004,
/// section 3.
Silhouette simplified_silhouette(const RowSource& source, const Labelling& labelling, const Communicator& comm,
                                 ThreadPool& pool);

}  // namespace coterie::inline evaluation
