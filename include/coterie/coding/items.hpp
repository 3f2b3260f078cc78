#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace coterie::inline coding {

/// What a coder is asked.
enum class CodingTask {
  fit,        ///< does this image belong to the theme of these? (Zhang & Peng, SMR 53(3), 2024)
  intrusion,  ///< which of five images does not belong? (after Chang et al., NIPS 2009)
  pairs,      ///< how alike are these two, 1 to 3? (Grimmer & King, PNAS 108(7), 2011)
  labels,     ///< which of four names fits this image? (after Ying, Montgomery & Stewart 2022, optimal label)
};

const char* task_name(CodingTask task);
CodingTask task_of(const std::string& name);  ///< throws InvalidArgument

/// How many answers a task offers; an answer is a number in [0, answers).
std::int64_t answers_of(CodingTask task);

/// Why an item is among those to be coded.
enum class ItemKind : std::int32_t {
  random = 0,    ///< a simple random sample of the cluster: the one that stands for it
  nearest = 1,   ///< nearest to the centroid; of intrusions: the four are of the 20 nearest
  boundary = 2,  ///< as near to another centroid as to the own one; of intrusions: the intruder is of the cluster next
                 ///< to this one, and of its 20 images that lie nearest to their boundary
  between = 3,   ///< pairs: of two clusters
  gold = 4,      ///< its right answer is plain; it shows whether a coder attends, and enters no statistic
};
const char* kind_name(ItemKind kind);

/// One question.
struct CodingItem {
  std::int32_t cluster = 0;
  ItemKind kind = ItemKind::random;
  std::vector<std::int64_t> rows;     ///< the images shown, in this order
  std::int32_t right = -1;            ///< the answer that the clustering, or a gold item, holds for right; -1: none
  std::vector<std::int32_t> choices;  ///< labels: the clusters whose names are offered

  bool operator==(const CodingItem&) const = default;
};

/// The solution that items are drawn from. Rows that may not be shown have the label -1.
struct CodedSolution {
  std::int64_t k = 0;
  std::vector<std::int32_t> labels;
  std::vector<float> distances;  ///< of each row to its centroid
  std::vector<float> margins;    ///< of each row: to the second nearest minus to the nearest; needed for boundary > 0
  std::vector<float> centroids;  ///< k × D
};

struct ItemPlan {
  CodingTask task = CodingTask::fit;
  std::int64_t random = 20, nearest = 0, boundary = 0;  ///< items of each cluster
  std::int64_t gold = 0;                                ///< in all
  std::uint64_t seed = 1;
};

/// Draws the items, cluster by cluster, without replacement within a cluster where single images are coded; an image is
/// drawn once: the random sample first, so that it is one of the whole cluster, then of the rest the nearest, then
/// those at the boundary. A cluster with fewer images than asked for gives all that it has. Counter-based: the same
/// plan and solution give the same items.
///
/// Throws InvalidArgument where the task cannot be done: intrusion, pairs or gold with one cluster; labels with gold.
std::vector<CodingItem> draw_items(const CodedSolution& solution, const ItemPlan& plan);

/// Which items each coder codes, in that coder's order. A share `overlap` of each cluster's items, and all gold, go to
/// everybody, the others to one coder in turn. With `by_cluster` a coder sees the clusters in a drawn order, and the
/// items of one in a drawn order; else all items in a drawn order.
std::vector<std::vector<std::int64_t>> divide_items(const std::vector<CodingItem>& items, std::int64_t coders,
                                                    double overlap, bool by_cluster, std::uint64_t seed);

/// Twelve hexadecimal digits that say nothing of item and coder to who does not know the key: SHA-256 of all three.
std::string item_token(const std::string& key, std::int64_t coder, std::int64_t item);

}  // namespace coterie::inline coding
