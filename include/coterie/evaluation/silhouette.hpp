#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"
#include "coterie/evaluation/labelling.hpp"

namespace coterie {

struct Silhouette {
  bool defined = false;
  std::string reason;                 ///< why it is not defined; then all else is empty
  std::vector<double> values;         ///< size N, in [-1, 1]; 0 for a row alone in its cluster
  std::vector<double> cluster_means;  ///< size k; 0 for an empty cluster
  double mean = 0;
};

/// The exact silhouette of each row under each labelling, by Euclidean distance, in one pass over all N (N + 1) / 2
/// distances. Collective; the whole result, the same bits, on every rank, on any number of ranks and threads.
///
/// Distances come from a float32 GEMM of centred rows; where that would cancel (closer than a quarter of the rows'
/// joint length) they are taken directly, in double, from the rows as given. A distance is good to about 3e-6 of
/// itself at worst and 2e-7 typically, a mean of many far better; sums are exact. Agreement with scikit-learn: 1e-6.
///
/// Flops: N^2 D, plus N^2 / 2 square roots and N^2 additions for each labelling. Memory on a rank: 8 N bytes for each
/// cluster of the labellings in hand; as many labellings are as `memory_bytes` allows, at least one, and the
/// distances are computed anew for each such group. Rows are read in tiles of 512, each tile as often as there are
/// tiles. Messages: one sum of that memory.
///
/// Throws InvalidArgument for labels that do not fit the rows, and for the first row with NaN or infinity.
/// Source: Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20 (1987).
std::vector<Silhouette> silhouettes(const RowSource& source, std::span<const Labelling> labellings,
                                    const Communicator& comm, ThreadPool& pool,
                                    std::int64_t memory_bytes = std::int64_t{1} << 30);

/// An estimate of the mean silhouette from the exact silhouettes of some rows.
struct SampledSilhouette {
  bool defined = false;
  std::string reason;
  double mean = 0;
  double error = 0;         ///< standard error of the mean
  std::int64_t sample = 0;  ///< rows it is taken over; where that is all rows it is exact and error is 0
};

/// Draws `sample` rows without replacement and takes their silhouettes among all N rows: unbiased, 2 sample N D flops.
std::vector<SampledSilhouette> sampled_silhouettes(const RowSource& source, std::span<const Labelling> labellings,
                                                   std::int64_t sample, std::uint64_t seed, const Communicator& comm,
                                                   ThreadPool& pool, std::int64_t memory_bytes = std::int64_t{1} << 30);

/// The simplified silhouette (Hruschka, de Castro, Campello, ICDM 2004): distances to centroids take the place of mean
/// distances. 2 N k D flops instead of N^2 D. Exact by its own definition; no estimate of the other.
Silhouette simplified_silhouette(const RowSource& source, const Labelling& labelling, const Communicator& comm,
                                 ThreadPool& pool);

/// The same for one labelling.
Silhouette silhouette(const RowSource& source, const Labelling& labelling, const Communicator& comm, ThreadPool& pool);

}  // namespace coterie
