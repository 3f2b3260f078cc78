#include "coterie/coding/items.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"

namespace coterie::inline coding {
namespace {

constexpr std::size_t kShown = 5;        ///< images of an intrusion: chance finds the intruder in 1 of 5
constexpr std::size_t kOffered = 4;      ///< names of a label item
constexpr std::size_t kClosest = 20;     ///< images that the strata of intrusions draw from, as validateIt's top 20
constexpr std::int32_t kDoesNotFit = 1;  ///< the answer to a gold item of fit
constexpr std::int32_t kMostAlike = 2;   ///< to one of pairs, which shows an image twice

/// What a stream of draws is for, within one cluster.
enum Stream : std::uint32_t { kSample = 0, kTogether = 1, kElsewhere = 2, kPlace = 3 };

class Draw {
 public:
  Draw(const CodedSolution& solution, const ItemPlan& plan) : solution_(solution), plan_(plan) {
    members_.resize(static_cast<std::size_t>(solution.k));
    for (std::size_t row = 0; row < solution.labels.size(); ++row)
      if (solution.labels[row] >= 0)
        members_[static_cast<std::size_t>(solution.labels[row])].push_back(static_cast<std::int64_t>(row));
  }

  std::vector<CodingItem> items() {
    for (std::int32_t c = 0; c < solution_.k; ++c) {
      switch (plan_.task) {
        case CodingTask::fit:
          add_single(c);
          break;
        case CodingTask::labels:
          add_named(c);
          break;
        case CodingTask::intrusion:
          add_intrusions(c);
          break;
        case CodingTask::pairs:
          add_pairs(c);
          break;
      }
    }
    for (std::int64_t g = 0; g < plan_.gold; ++g) add_gold(g);
    return std::move(items_);
  }

 private:
  const std::vector<std::int64_t>& members(std::int32_t cluster) const {
    return members_[static_cast<std::size_t>(cluster)];
  }
  Random random(std::int32_t cluster, Stream stream) const {
    return {plan_.seed, Purpose::coding_items, 4 * static_cast<std::uint32_t>(cluster) + stream};
  }

  /// The rows in the order of their draws.
  static std::vector<std::int64_t> shuffled(std::vector<std::int64_t> rows, const Random& draws,
                                            std::uint64_t first = 0) {
    std::sort(rows.begin(), rows.end(), [&](auto a, auto b) {
      return std::tuple(draws.bits(first + static_cast<std::uint64_t>(a)), a) <
             std::tuple(draws.bits(first + static_cast<std::uint64_t>(b)), b);
    });
    return rows;
  }

  std::vector<std::int64_t> by(std::int32_t cluster, const std::vector<float>& key) const {
    auto rows = members(cluster);
    std::sort(rows.begin(), rows.end(), [&](auto a, auto b) {
      return std::tuple(key[static_cast<std::size_t>(a)], a) < std::tuple(key[static_cast<std::size_t>(b)], b);
    });
    return rows;
  }

  // Single images of a cluster, each once; `make` fills in the rest of the item.
  template <typename Make>
  void add_sample(std::int32_t c, const Make& make) {
    std::vector<std::int64_t> taken;
    const auto add = [&](const std::vector<std::int64_t>& rows, std::int64_t count, ItemKind kind) {
      for (const auto row : rows) {
        if (count == 0) return;
        if (std::find(taken.begin(), taken.end(), row) != taken.end()) continue;
        taken.push_back(row);
        --count;
        CodingItem item{c, kind, {row}, -1, {}};
        make(item);
        items_.push_back(std::move(item));
      }
    };
    // The random sample is drawn first, so that it stays one of the whole cluster.
    add(shuffled(members(c), random(c, kSample)), plan_.random, ItemKind::random);
    add(by(c, solution_.distances), plan_.nearest, ItemKind::nearest);
    if (plan_.boundary > 0) add(by(c, solution_.margins), plan_.boundary, ItemKind::boundary);
  }

  void add_single(std::int32_t c) {
    add_sample(c, [](CodingItem&) {});
  }

  // Four names, or as many as there are clusters: the own one in a drawn place among drawn others.
  void add_named(std::int32_t c) {
    require(solution_.k > 1, "names can be chosen from only where there are two clusters or more");
    add_sample(c, [&](CodingItem& item) {
      const auto base = static_cast<std::uint64_t>(item.rows.front()) << 20U;
      std::vector<std::int64_t> others;
      for (std::int32_t other = 0; other < solution_.k; ++other)
        if (other != c) others.push_back(other);
      others = shuffled(std::move(others), random(c, kElsewhere), base);
      others.resize(std::min(others.size(), kOffered - 1));
      item.choices.assign(others.begin(), others.end());
      item.right = static_cast<std::int32_t>(random(c, kPlace).below(base, std::ssize(others) + 1));
      item.choices.insert(item.choices.begin() + item.right, c);
    });
  }

  std::int64_t elsewhere(std::int32_t c, std::uint64_t draw) const {
    std::int64_t others = 0;
    for (std::int32_t other = 0; other < solution_.k; ++other)
      if (other != c) others += std::ssize(members(other));
    require(others > 0, "{} wants images of two clusters at least", task_name(plan_.task));
    auto place = random(c, kElsewhere).below(draw, others);
    for (std::int32_t other = 0; other < solution_.k; ++other) {
      if (other == c) continue;
      if (place < std::ssize(members(other))) return members(other)[static_cast<std::size_t>(place)];
      place -= std::ssize(members(other));
    }
    return -1;  // not reached
  }

  // `count` different rows of a cluster.
  std::vector<std::int64_t> together(std::int32_t c, std::uint64_t draw, std::size_t count) const {
    return first_of(shuffled(members(c), random(c, kTogether), draw << 40U), count);
  }

  static std::vector<std::int64_t> first_of(std::vector<std::int64_t> rows, std::size_t count) {
    rows.resize(std::min(rows.size(), count));
    return rows;
  }

  void add_intrusion(std::int32_t c, std::vector<std::int64_t> rows, std::int64_t intruder, std::uint64_t draw,
                     ItemKind kind) {
    CodingItem item{c, kind, std::move(rows), -1, {}};
    item.right = static_cast<std::int32_t>(random(c, kPlace).below(draw, std::ssize(item.rows) + 1));
    item.rows.insert(item.rows.begin() + item.right, intruder);
    items_.push_back(std::move(item));
  }

  // Chang et al. draw what belongs together from the top of a topic; uniformly from the whole cluster is harder, and an
  // intruder from next door is the hardest.
  void add_intrusions(std::int32_t c) {
    if (members(c).size() < kShown - 1) return;  // four that belong together are not to be had
    std::uint64_t draw = 0;
    for (std::int64_t i = 0; i < plan_.random; ++i, ++draw)
      add_intrusion(c, together(c, draw, kShown - 1), elsewhere(c, draw), draw, ItemKind::random);
    const auto closest = first_of(by(c, solution_.distances), kClosest);
    for (std::int64_t i = 0; i < plan_.nearest; ++i, ++draw)
      add_intrusion(c, first_of(shuffled(closest, random(c, kTogether), draw << 40U), kShown - 1), elsewhere(c, draw),
                    draw, ItemKind::nearest);
    if (plan_.boundary == 0) return;
    const auto next_door = first_of(by(beside(c), solution_.margins), kClosest);
    for (std::int64_t i = 0; i < plan_.boundary; ++i, ++draw)
      add_intrusion(c, together(c, draw, kShown - 1),
                    next_door[static_cast<std::size_t>(random(c, kElsewhere).below(draw, std::ssize(next_door)))], draw,
                    ItemKind::boundary);
  }

  void add_pairs(std::int32_t c) {
    for (std::int64_t i = 0; i < plan_.random; ++i) {
      const auto draw = static_cast<std::uint64_t>(i);
      if (members(c).size() > 1) items_.push_back({c, ItemKind::random, together(c, draw, 2), -1, {}});
      if (members(c).empty()) continue;
      const auto own = members(c)[static_cast<std::size_t>(random(c, kPlace).below(draw, std::ssize(members(c))))];
      items_.push_back({c, ItemKind::between, {own, elsewhere(c, draw)}, -1, {}});
    }
  }

  // The cluster whose centroid lies farthest from this one's, and the one whose lies nearest, of those with an image.
  std::int32_t farthest(std::int32_t c) const { return at_distance(c, 1); }
  std::int32_t beside(std::int32_t c) const { return at_distance(c, -1); }

  std::int32_t at_distance(std::int32_t c, double sign) const {
    const auto d = solution_.centroids.size() / static_cast<std::size_t>(solution_.k);
    std::int32_t found = -1;
    double most = -std::numeric_limits<double>::infinity();
    for (std::int32_t other = 0; other < solution_.k; ++other) {
      if (other == c || members(other).empty()) continue;
      double squared = 0;
      for (std::size_t i = 0; i < d; ++i) {
        const double away = solution_.centroids[static_cast<std::size_t>(c) * d + i] -
                            static_cast<double>(solution_.centroids[static_cast<std::size_t>(other) * d + i]);
        squared += away * away;
      }
      if (sign * squared > most) most = sign * squared, found = other;
    }
    require(found >= 0, "gold and boundary items want two clusters with images at least");
    return found;
  }

  // Gold goes round the clusters that have images; its right answer is plain because the far cluster is the farthest.
  void add_gold(std::int64_t g) {
    std::vector<std::int32_t> filled;
    for (std::int32_t c = 0; c < solution_.k; ++c)
      if (!members(c).empty() && (plan_.task != CodingTask::intrusion || members(c).size() >= kShown - 1))
        filled.push_back(c);
    require(!filled.empty(), "no cluster has images enough for gold items");
    const auto c = filled[static_cast<std::size_t>(g) % filled.size()];
    const auto turn = static_cast<std::size_t>(g) / filled.size();
    const auto near = by(c, solution_.distances);
    if (plan_.task == CodingTask::pairs) {
      const auto row = near[turn % near.size()];
      items_.push_back({c, ItemKind::gold, {row, row}, kMostAlike, {}});
      return;
    }
    const auto far = by(farthest(c), solution_.distances);
    const auto stranger = far[turn % far.size()];
    if (plan_.task == CodingTask::fit)
      items_.push_back({c, ItemKind::gold, {stranger}, kDoesNotFit, {}});
    else
      add_intrusion(c, {near.begin(), near.begin() + kShown - 1}, stranger, (std::uint64_t{1} << 32U) + turn,
                    ItemKind::gold);
  }

  const CodedSolution& solution_;
  const ItemPlan& plan_;
  std::vector<std::vector<std::int64_t>> members_;
  std::vector<CodingItem> items_;
};

}  // namespace

std::vector<CodingItem> draw_items(const CodedSolution& solution, const ItemPlan& plan) {
  require(plan.task != CodingTask::labels || plan.gold == 0, "no name is plainly right: labels take no gold items");
  require(plan.task != CodingTask::pairs || plan.nearest + plan.boundary == 0,
          "pairs are drawn at random alone: --nearest and --boundary are for --task fit, labels and intrusion");
  return Draw(solution, plan).items();
}

}  // namespace coterie::inline coding
