#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace coterie::inline clustering {

/// Clusters side by side in one panel: three SIMD registers of floats.
inline constexpr std::int64_t kPanelClusters = 24;

/// Products added into one accumulator before it is added to the total: bounds the rounding error of long rows, and
/// two panels of so many columns stay in the first-level cache.
inline constexpr std::int64_t kWardTermsPerSum = 128;

/// The inner products of all clusters of one panel with all of another, over `columns` <= kWardTermsPerSum columns.
/// a, b: columns x 24; dots: 24 x 24, set when `first`, else added to. 2 * 24 * 24 * columns flops in float32 with
/// fused multiply-add. The arithmetic of one pair depends neither on its lanes nor on which of the two comes first.
void panel_pair_dots(const float* a, const float* b, std::int64_t columns, bool first, float* dots);

/// The share of |x|^2 + |y|^2 by which |x|^2 + |y|^2 - 2 x.y may err for x and y of so many columns, each rounded to
/// float32 beforehand: 2^-24 (128 + columns / 128 + 2) for the products, and less than 11 more roundings.
double ward_error(std::int64_t columns);

/// For each of some clusters, the kNearest slots with the lowest scores seen so far, ascending; of equal scores the
/// lower slot. What it holds does not depend on the order of the offers.
class NearestSlots {
 public:
  static constexpr int kNearest = 16;

  struct Candidate {
    float score;
    std::int32_t slot;  ///< kNone where fewer were offered
  };
  static constexpr std::int32_t kNone = -1;

  explicit NearestSlots(std::int64_t clusters);

  std::int64_t clusters() const { return clusters_; }

  /// A score above limits()[cluster] would not be kept. Room for whole panels.
  const float* limits() const { return limits_.data(); }
  void offer(std::int64_t cluster, float score, std::int32_t slot);
  void merge(std::span<const Candidate> other);

  std::span<const Candidate> all() const { return candidates_; }
  std::span<Candidate> all() { return candidates_; }
  std::span<const Candidate> of(std::int64_t cluster) const { return all().subspan(first(cluster), kNearest); }

 private:
  static std::size_t first(std::int64_t cluster) { return static_cast<std::size_t>(cluster * kNearest); }

  std::int64_t clusters_;
  std::vector<Candidate> candidates_;
  std::vector<float> limits_;
};

/// What the scores of a panel's clusters need beside the inner products.
struct PanelSide {
  const float* norms;         ///< lower bounds on |x|^2; infinite where a lane is empty
  const float* half_inverse;  ///< 1 / (2 size)
  std::int64_t first;         ///< number of the first lane's cluster
};

/// score = (|a|^2 + |b|^2 - 2 a.b) 2 |A| |B| / (|A| + |B|), a lower bound on Ward's squared distance; offers each b to
/// each a in `lists`, but not to itself: itself[i] is the slot of the a with number i.
void score_panels(const float* dots, const PanelSide& a, const PanelSide& b, const std::int32_t* itself,
                  NearestSlots& lists);

/// The same for two panels of one set, each pair offered to both sides; of a panel with itself, each pair once.
void score_both(const float* dots, const PanelSide& a, const PanelSide& b, NearestSlots& lists);

}  // namespace coterie::inline clustering
