#include "ward/tree.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "coterie/base/errors.hpp"

namespace coterie::inline clustering {

WardTree ascending_tree(std::int64_t rows, std::vector<Merge> merges) {
  const auto raise_to = [&](Merge& merge, std::int64_t part) {
    if (part >= rows) merge.distance = std::max(merge.distance, merges[static_cast<std::size_t>(part - rows)].distance);
  };
  for (auto& merge : merges) {
    raise_to(merge, merge.first);
    raise_to(merge, merge.second);
  }
  std::vector<std::size_t> order(merges.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return merges[a].distance < merges[b].distance; });
  std::vector<std::int64_t> number(merges.size());
  for (std::size_t place = 0; place < order.size(); ++place)
    number[order[place]] = rows + static_cast<std::int64_t>(place);
  const auto renumbered = [&](std::int64_t part) {
    return part < rows ? part : number[static_cast<std::size_t>(part - rows)];
  };
  WardTree tree{rows, {}};
  tree.merges.reserve(merges.size());
  for (const auto from : order) {
    const Merge& merge = merges[from];
    const auto [first, second] = std::minmax({renumbered(merge.first), renumbered(merge.second)});
    tree.merges.push_back({first, second, merge.distance, merge.size});
  }
  return tree;
}

std::vector<std::int32_t> cut(const WardTree& tree, std::int64_t k) {
  require(k >= 1 && k <= tree.rows, "cut: {} clusters asked for, but the tree has {} rows; take 1 to {}", k, tree.rows,
          tree.rows);
  require(k <= std::numeric_limits<std::int32_t>::max(), "cut: {} clusters; labels end at {}", k,
          std::numeric_limits<std::int32_t>::max());
  // Downwards: each part is in the cluster that the whole is in; a part of a merge that is undone is one by itself.
  std::vector<std::int64_t> cluster_of(static_cast<std::size_t>(tree.rows) + tree.merges.size());
  std::iota(cluster_of.begin(), cluster_of.end(), std::int64_t{0});
  for (std::int64_t i = tree.rows - k - 1; i >= 0; --i) {
    const Merge& merge = tree.merges[static_cast<std::size_t>(i)];
    const std::int64_t whole = cluster_of[static_cast<std::size_t>(tree.rows + i)];
    cluster_of[static_cast<std::size_t>(merge.first)] = cluster_of[static_cast<std::size_t>(merge.second)] = whole;
  }
  std::vector<std::int32_t> label_of(cluster_of.size(), -1), labels;
  labels.reserve(static_cast<std::size_t>(tree.rows));
  std::int32_t next = 0;
  for (std::int64_t row = 0; row < tree.rows; ++row) {
    std::int32_t& label = label_of[static_cast<std::size_t>(cluster_of[static_cast<std::size_t>(row)])];
    if (label < 0) label = next++;
    labels.push_back(label);
  }
  return labels;
}

}  // namespace coterie::inline clustering
