#include "coterie/reduction/fixed_tree.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <map>
#include <utility>

#include "coterie/base/errors.hpp"
#include "coterie/dist/message_tags.hpp"

namespace coterie::inline reduction {
namespace {

/// Leaves [begin, end) and all that is above them.
using Node = RowRange;

Node left_of(Node node) { return {node.begin, node.begin + (node.size() + 1) / 2}; }
Node right_of(Node node) { return {left_of(node).end, node.end}; }

class Fold {
 public:
  Fold(const RowPartition& leaves, const std::function<Matrix(RowRange)>& leaf,
       const std::function<Matrix(Matrix, Matrix)>& merge, const Communicator& comm, ThreadPool& pool,
       const ShareDone& on_share)
      : leaves_(leaves), leaf_(leaf), merge_(merge), comm_(comm), pool_(pool), on_share_(on_share) {}

  Matrix run(int at_once) {
    const Node root{0, leaves_.blocks()};
    comm_.together([&] { fold_own(root, at_once); });
    fold_across(root);
    return comm_.is_root() ? std::move(values_[0]) : Matrix{};
  }

 private:
  int home(Node node) const { return leaves_.owner_of(node.begin); }
  bool whole(Node node) const { return home(node) == leaves_.owner_of(node.end - 1); }

  /// Splits this rank's share into subtrees for the threads, folds those, then merges level by level.
  void fold_own(Node root, int at_once) {
    const std::int64_t own = leaves_.blocks_of(comm_.rank()).size();
    const std::int64_t unit_leaves = std::max<std::int64_t>(1, own / std::max(at_once, 1));
    std::vector<Node> units;
    std::map<int, std::vector<Node>> levels;
    plan(root, unit_leaves, units, levels);
    std::vector<Matrix> results(units.size());
    for (std::size_t first = 0; first < units.size(); first += static_cast<std::size_t>(at_once)) {
      const auto count = std::min(static_cast<std::size_t>(at_once), units.size() - first);
      pool_.for_each(static_cast<std::int64_t>(count), [&](std::int64_t u, int worker) {
        const std::size_t unit = first + static_cast<std::size_t>(u);
        results[unit] = fold_subtree(units[unit], worker);
      });
    }
    for (std::size_t u = 0; u < units.size(); ++u) values_[units[u].begin] = std::move(results[u]);
    for (const auto& [height, nodes] : levels) merge_level(nodes);
  }

  /// Returns the height above the units of a node this rank owns whole, 0 for the units themselves.
  int plan(Node node, std::int64_t unit_leaves, std::vector<Node>& units, std::map<int, std::vector<Node>>& levels) {
    const bool own = whole(node) && home(node) == comm_.rank();
    if (own && node.size() <= unit_leaves) return units.push_back(node), 0;
    if (node.size() == 1 || (whole(node) && !own)) return 0;
    const int left = plan(left_of(node), unit_leaves, units, levels);
    const int right = plan(right_of(node), unit_leaves, units, levels);
    const int height = std::max(left, right) + 1;
    if (own) levels[height].push_back(node);
    return height;
  }

  Matrix fold_subtree(Node node, int worker) {
    if (node.size() == 1) return fold_leaf(node.begin, worker);
    Matrix left = fold_subtree(left_of(node), worker);
    return merge_(std::move(left), fold_subtree(right_of(node), worker));
  }

  Matrix fold_leaf(std::int64_t number, int worker) {
    Matrix result = leaf_(leaves_.block(number));
    const auto done = static_cast<double>(++leaves_done_),
               own = static_cast<double>(leaves_.blocks_of(comm_.rank()).size());
    if (worker == 0 && on_share_) on_share_(done / own);
    return result;
  }

  void merge_level(const std::vector<Node>& nodes) {
    std::vector<std::pair<Matrix*, Matrix*>> pairs;  // map nodes stay where they are
    for (const Node node : nodes) pairs.emplace_back(&values_[node.begin], &values_[right_of(node).begin]);
    pool_.for_each(std::ssize(pairs), [&](std::int64_t p, int) {
      auto& [left, right] = pairs[static_cast<std::size_t>(p)];
      *left = merge_(std::move(*left), std::exchange(*right, {}));
    });
  }

  /// The nodes that no rank owns whole, in the same order on every rank: the right half travels to the left one.
  void fold_across(Node node) {
    if (whole(node)) return;
    fold_across(left_of(node));
    fold_across(right_of(node));
    const int to = home(node), from = home(right_of(node)), rank = comm_.rank();
    if (rank == from && rank != to) send(values_[right_of(node).begin], to);
    if (rank != to) return;
    Matrix right = from == to ? std::move(values_[right_of(node).begin]) : receive(from);
    values_[node.begin] = merge_(std::move(values_[node.begin]), std::move(right));
  }

  void send(Matrix& matrix, int to) const {
    const std::array<std::int64_t, 2> shape{matrix.rows, matrix.columns};
    comm_.send(shape.data(), sizeof shape, to, kFoldTreeTag);
    comm_.send(matrix.data.data(), matrix.data.size() * sizeof(double), to, kFoldTreeTag);
    matrix = {};
  }

  Matrix receive(int from) const {
    std::array<std::int64_t, 2> shape{};
    comm_.receive(shape.data(), sizeof shape, from, kFoldTreeTag);
    Matrix matrix{shape[0], shape[1], std::vector<double>(static_cast<std::size_t>(shape[0] * shape[1]))};
    comm_.receive(matrix.data.data(), matrix.data.size() * sizeof(double), from, kFoldTreeTag);
    return matrix;
  }

  const RowPartition& leaves_;
  const std::function<Matrix(RowRange)>& leaf_;
  const std::function<Matrix(Matrix, Matrix)>& merge_;
  const Communicator& comm_;
  ThreadPool& pool_;
  const ShareDone& on_share_;
  std::atomic<std::int64_t> leaves_done_ = 0;
  std::map<std::int64_t, Matrix> values_;  ///< by the node's first leaf: of nested nodes only one is alive
};

}  // namespace

RowPartition tree_leaves(std::int64_t rows, std::int64_t least_rows, int ranks) {
  require(rows >= 1 && least_rows >= 1, "tree_leaves: {} rows in leaves of {}, both must be at least 1", rows,
          least_rows);
  const auto leaves = static_cast<std::int64_t>(
      std::bit_floor(static_cast<std::uint64_t>(std::max(rows / least_rows, std::int64_t{1}))));
  return {rows, (rows + leaves - 1) / leaves, ranks};
}

Matrix fold_tree(const RowPartition& leaves, int at_once, const std::function<Matrix(RowRange)>& leaf,
                 const std::function<Matrix(Matrix, Matrix)>& merge, const Communicator& comm, ThreadPool& pool,
                 const ShareDone& on_share) {
  require(at_once >= 1, "fold_tree: at_once is {}, must be at least 1", at_once);
  require(leaves.ranks() == comm.size() && leaves.blocks() >= 1, "fold_tree: {} leaves of {} ranks on {} ranks",
          leaves.blocks(), leaves.ranks(), comm.size());
  return Fold(leaves, leaf, merge, comm, pool, on_share).run(at_once);
}

}  // namespace coterie::inline reduction
