#pragma once

namespace coterie::inline dist {

// The tags of all messages from rank to rank, each for one use: a message that is taken in the wrong place would be
// taken for another. Ranks pass through each use in the same order, so that one tag a use is enough.

inline constexpr int kCollectiveCheckTag = 1;  ///< which collective a rank is about to begin (CollectiveCheck)
inline constexpr int kFoldTreeTag = 2;         ///< shape and values of a subtree's matrix (fold_tree)
inline constexpr int kNearestClustersTag = 3;  ///< each cluster's nearest others among the pairs that a rank saw (Ward)
inline constexpr int kScanContentsTag = 4;     ///< what a rank found in its shards, to the root (scan)
inline constexpr int kScanShareTag = 5;        ///< a rank's share of the images, from the root (scan)
inline constexpr int kScanProbesTag = 6;       ///< what a rank's images turned out to be, to the root (scan)
inline constexpr int kExchangeTag = 7;         ///< what each rank has for each other (exchange)

}  // namespace coterie::inline dist
