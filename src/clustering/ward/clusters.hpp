#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "coterie/base/thread_pool.hpp"
#include "coterie/clustering/ward.hpp"
#include "coterie/dist/communicator.hpp"
#include "coterie/dist/row_source.hpp"
#include "ward/kernel.hpp"
#include "ward/memory.hpp"

namespace coterie::inline clustering {

/// Two clusters that become one, and what they were.
struct WardPair {
  std::int32_t slot_a, slot_b;  ///< slot_a < slot_b
  std::int32_t a, b;            ///< the numbers of the clusters there
  double size_a, size_b;
  double squared;     ///< Ward's squared distance
  std::int32_t made;  ///< the number of the new cluster
};

/// Where a cluster in a panel comes from: a mean, as float or double, or a cluster of (other) panels.
struct WardFilling {
  std::int32_t to;
  double size = 1;
  const float* row = nullptr;
  const double* mean = nullptr;
  std::int32_t from = -1;  ///< where both are null
};

/// Panels of clusters in float32, from the rows' common middle and scaled so that no value exceeds 1.
///
/// Lies in memory as the kernel goes through it: by pieces of 128 columns, in each by panels of 24 clusters, in each by
/// columns. (With whole panels one after the other, those of 4,096 columns would all want the same cache lines.)
/// The ranks of a node have them together.
class WardPanels {
 public:
  /// What is held is (mean - middle) * scale; `error` is that of ward_error().
  struct Frame {
    std::vector<double> middle;
    double scale = 1, error = 0;
  };

  /// Room for `most` clusters, none of them filled. 4 (columns + 2) bytes for each. Collective, as the destructor is.
  WardPanels(std::int64_t most, std::int64_t columns, const Communicator& comm);
  static std::int64_t bytes(std::int64_t most, std::int64_t columns);

  std::int64_t columns() const { return columns_; }
  std::int64_t count() const { return count_; }
  std::int64_t panels() const { return (count_ + kPanelClusters - 1) / kPanelClusters; }

  /// Columns [d, d + terms(d)) of a panel, `terms` x 24; d is a multiple of 128.
  std::int64_t terms(std::int64_t d) const { return std::min(kWardTermsPerSum, columns_ - d); }
  const float* piece(std::int64_t panel, std::int64_t d) const {
    return values_ + (room_ * d + panel * terms(d)) * kPanelClusters;
  }
  PanelSide side(std::int64_t panel) const;

  /// Fills clusters, ascending by `to`; copies come from `others`, which may be these panels if no cluster is both
  /// filled and copied from. Then there are `count` clusters, the first ones. Collective.
  void fill(std::span<const WardFilling> fillings, std::int64_t count, const WardPanels& others, const Frame& frame,
            ThreadPool& pool);

 private:
  void fill_panel(std::span<const WardFilling> fillings, const WardPanels& others, const Frame& frame);
  float* lane(std::int64_t c, std::int64_t d) const {
    return values_ + (room_ * d + c / kPanelClusters * terms(d)) * kPanelClusters + c % kPanelClusters;
  }

  std::int64_t columns_, room_, count_ = 0;  // room in panels
  WardMemory memory_;
  float *values_, *norms_, *half_inverse_;  // in memory_
};

/// The clusters that are left, in the slots 0 .. count()-1; each has a number, 0 .. N-1 the rows, then as they are
/// made. The same on every rank.
///
/// The distance of two clusters is *defined* as 2 |a| |b| / (|a| + |b|) times the sum of (a[d] - b[d])^2 in double, in
/// one fixed order, of their means: of a row its values, of a merged cluster p a[d] + q b[d] in double, where
/// p = |a| / (|a| + |b|), q = |b| / (|a| + |b|) and a is the part with the lower number.
class WardClusters {
 public:
  /// Collective. One cluster for each distinct row: equal rows are merged first, at distance 0, each with those before
  /// it. Throws InvalidArgument on every rank for no rows or columns, for a value that is not finite or beyond 1e15
  /// (the lowest row), and when memory_bytes would not do.
  WardClusters(const RowSource& source, std::int64_t memory_bytes, const Communicator& comm, ThreadPool& pool);

  std::int64_t count() const { return static_cast<std::int64_t>(number_.size()); }
  std::int64_t columns() const { return columns_; }
  std::int32_t number(std::int64_t slot) const { return number_[static_cast<std::size_t>(slot)]; }
  std::int32_t slot_of(std::int32_t number) const { return slot_of_[static_cast<std::size_t>(number)]; }
  double size(std::int64_t slot) const { return size_[static_cast<std::size_t>(slot)]; }

  /// By the definition above.
  double squared_distance(std::int64_t slot_a, std::int64_t slot_b) const;

  const WardPanels& panels() const { return *panels_; }

  /// Scores of the panels times this are squared distances.
  double unit() const { return unit_; }

  /// The merges so far, in the order in which they were made; first and second are clusters' numbers.
  const std::vector<Merge>& merges() const { return merges_; }

  /// The number of the cluster that is made next.
  std::int32_t next_number() const {
    return static_cast<std::int32_t>(total_ + static_cast<std::int64_t>(merges_.size()));
  }

  /// Merges all these pairs, no cluster being in two of them, numbered from next_number() on. A new cluster takes
  /// slot_a; then clusters from the end fill the empty slots: (from, to) of each that moved.
  std::vector<std::pair<std::int32_t, std::int32_t>> merge(std::span<const WardPair> pairs, ThreadPool& pool);

 private:
  void load(const RowSource& source, std::int64_t memory_bytes, const Communicator& comm, ThreadPool& pool);
  void check(const Communicator& comm, ThreadPool& pool);
  void find_middle(const Communicator& comm, ThreadPool& pool);
  void merge_equal_rows(const Communicator& comm, ThreadPool& pool);
  void join_means(std::span<const WardPair> pairs, ThreadPool& pool);
  std::vector<std::pair<std::int32_t, std::int32_t>> gaps_closed(std::span<const WardPair> pairs) const;
  void record(std::int32_t a, std::int32_t b, double squared, double size);

  double* mean(std::size_t slot) const {
    return mean_[slot] < 0 ? nullptr : means_->as<double>().data() + mean_[slot] * columns_;
  }

  std::int64_t total_, columns_;
  std::optional<WardMemory> copy_;
  const float* rows_ = nullptr;  // N x D, where they lie in memory or in copy_
  std::optional<WardPanels> panels_;
  std::optional<WardMemory> means_;  // of merged clusters: at most half as many as there were at first
  WardPanels::Frame frame_;
  double unit_ = 1;

  std::vector<std::int32_t> number_, slot_of_;
  std::vector<double> size_;
  std::vector<const float*> row_;    // of each slot: its mean if that is a row,
  std::vector<std::int64_t> mean_;   // else -1 here no more: the number of its mean in means_
  std::vector<std::int64_t> spare_;  // places in means_ that are free
  std::vector<Merge> merges_;
};

}  // namespace coterie::inline clustering
