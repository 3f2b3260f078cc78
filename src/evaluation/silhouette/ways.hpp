#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "coterie/base/share_done.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/evaluation/labelling.hpp"
#include "coterie/evaluation/pair_distances.hpp"
#include "silhouette/distance_sums.hpp"

namespace coterie::inline evaluation {

/// What exact silhouettes are computed of. Each labelling has a silhouette (undefined_reason() is empty).
struct SilhouetteTask {
  const RowSource& source;
  std::vector<Labelling> labellings;
  std::vector<std::vector<std::int64_t>> sizes;  ///< of their clusters
  Centring centring;
  DistanceScale scale;

  std::int64_t clusters() const;  ///< of all labellings together
};

/// Takes the silhouettes of up to kGroup rows under one labelling; called from any thread, once for each row and
/// labelling over all ranks.
using TakeSilhouettes =
    std::function<void(std::size_t labelling, std::span<const std::int64_t> rows, std::span<const double> values)>;

/// Two ways to the same bits: a distance is a function of its two rows alone, and sums of distances are exact.

/// Each rank takes strips of rows and measures them against all rows: 2 rows N D flops, no message. A strip's distances
/// stay at hand while all labellings are gone through, so memory depends neither on their number nor on k: 4 lanes N
/// bytes for each thread, lanes from 512 down to 64 so that half of `memory_bytes` suffices. Where even 64 do not fit,
/// rows are passed in chunks, and labellings in groups whose sums of 512 bytes a cluster do (or one labelling at a
/// time); the distances are then measured for each group anew.
void silhouettes_by_strips(const SilhouetteTask& task, std::span<const std::int64_t> rows, std::int64_t memory_bytes,
                           const Communicator& comm, ThreadPool& pool, const TakeSilhouettes& take,
                           const ShareDone& on_share);

/// Each distance is measured once, for both its rows: N^2 D flops. Keeps the sums of each row to each cluster, 8 N
/// bytes a cluster, and sends them in one message. Rows that lie in memory are gone through in the order of the first
/// labelling's clusters, so that its tiles hold few clusters each.
void silhouettes_folded(const SilhouetteTask& task, std::int64_t memory_bytes, const Communicator& comm,
                        ThreadPool& pool, const TakeSilhouettes& take, const ShareDone& on_share);

/// Whether the second way pays: its sums fit half of `memory_bytes`, the flops it saves outweigh the sums' traffic (200
/// cycles a cluster, rank and row of D columns), and the labellings are few, since it adds every distance to sums far
/// apart.
bool folding_pays(const SilhouetteTask& task, std::int64_t memory_bytes, int ranks);

}  // namespace coterie::inline evaluation
