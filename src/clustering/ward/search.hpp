#pragma once

#include <cstdint>
#include <span>

#include "coterie/base/share_done.hpp"
#include "coterie/base/thread_pool.hpp"
#include "coterie/dist/communicator.hpp"
#include "ward/clusters.hpp"
#include "ward/kernel.hpp"

namespace coterie::inline clustering {

/// The nearest slots of every slot, each pair of clusters being looked at once, n^2 D flops for n clusters, shared out
/// over ranks and threads in tiles of 240 x 240 clusters. Collective. Memory: 132 n (threads + 1) bytes. Messages: a
/// tree of 2 log2(ranks) steps, of 128 n bytes each.
NearestSlots nearest_of_all(const WardClusters& clusters, const Communicator& comm, ThreadPool& pool,
                            const ShareDone& on_share = {});

/// The nearest slots of some, 2 n q D flops for q of them; list i is that of slots[i]. `asking` is filled
/// with these clusters, and has room for them. Memory beside: 132 q (threads + 1) bytes; messages as above for q.
NearestSlots nearest_of(std::span<const std::int32_t> slots, const WardClusters& clusters, WardPanels& asking,
                        const Communicator& comm, ThreadPool& pool);

}  // namespace coterie::inline clustering
