#include "coterie/clustering/ward.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "coterie/base/errors.hpp"
#include "example_rows.hpp"
#include "vector_widths.hpp"
#include "ward/kernel.hpp"
#include "ward/tree.hpp"

namespace coterie {
namespace {

void check_same(const WardTree& a, const WardTree& b) {
  CHECK(a.rows == b.rows);
  REQUIRE(a.merges.size() == b.merges.size());
  int different = 0;
  for (std::size_t i = 0; i < a.merges.size(); ++i)
    different += a.merges[i].first != b.merges[i].first || a.merges[i].second != b.merges[i].second ||
                 a.merges[i].distance != b.merges[i].distance || a.merges[i].size != b.merges[i].size;
  CHECK(different == 0);
}

/// A cluster in the plainest way: its rows.
using Members = std::vector<std::int64_t>;

std::vector<double> mean_of(const Members& members, MatrixView<const float> rows) {
  std::vector<double> mean(static_cast<std::size_t>(rows.columns));
  for (std::size_t d = 0; d < mean.size(); ++d) {
    for (const auto i : members) mean[d] += rows.row(i)[d];
    mean[d] /= static_cast<double>(members.size());
  }
  return mean;
}

double ward_distance(double size_a, const std::vector<double>& a, double size_b, const std::vector<double>& b) {
  double squares = 0;
  for (std::size_t d = 0; d < a.size(); ++d) squares += (a[d] - b[d]) * (a[d] - b[d]);
  return std::sqrt(2 * size_a * size_b / (size_a + size_b) * squares);
}

/// Goes up the tree and looks at every pair of clusters before each merge: the tree is Ward's if none is nearer. Where
/// several are equally near, any of them may be merged. `rounding` is relative to the largest distance.
void check_greedy(MatrixView<const float> rows, const WardTree& tree, double rounding = 1e-13) {
  REQUIRE(tree.rows == rows.rows);
  REQUIRE(static_cast<std::int64_t>(tree.merges.size()) == rows.rows - 1);
  struct Cluster {
    std::int64_t number;
    Members members;
    std::vector<double> mean;
  };
  std::vector<Cluster> clusters;
  for (std::int64_t i = 0; i < rows.rows; ++i) clusters.push_back({i, {i}, mean_of({i}, rows)});
  const double slack = rounding * tree.merges.back().distance;
  int wrong = 0;
  for (std::size_t step = 0; step < tree.merges.size(); ++step) {
    const Merge& merge = tree.merges[step];
    double least = INFINITY;
    for (std::size_t a = 0; a < clusters.size(); ++a)
      for (std::size_t b = 0; b < a; ++b)
        least = std::min(least, ward_distance(static_cast<double>(clusters[a].members.size()), clusters[a].mean,
                                              static_cast<double>(clusters[b].members.size()), clusters[b].mean));
    const auto find = [&](std::int64_t number) {
      return std::find_if(clusters.begin(), clusters.end(), [&](const Cluster& each) { return each.number == number; });
    };
    const auto first = find(merge.first), second = find(merge.second);
    REQUIRE(first != clusters.end());  // else a part comes after its whole, or twice
    REQUIRE(second != clusters.end());
    REQUIRE(merge.first < merge.second);
    const double distance = ward_distance(static_cast<double>(first->members.size()), first->mean,
                                          static_cast<double>(second->members.size()), second->mean);
    Cluster joined{rows.rows + static_cast<std::int64_t>(step), first->members, {}};
    joined.members.insert(joined.members.end(), second->members.begin(), second->members.end());
    joined.mean = mean_of(joined.members, rows);
    wrong += !(std::abs(distance - merge.distance) <= slack) || !(distance <= least + slack) ||
             static_cast<std::int64_t>(joined.members.size()) != merge.size;
    std::erase_if(clusters,
                  [&](const Cluster& each) { return each.number == merge.first || each.number == merge.second; });
    clusters.push_back(std::move(joined));
  }
  CHECK(wrong == 0);
  CHECK(std::is_sorted(tree.merges.begin(), tree.merges.end(),
                       [](const Merge& a, const Merge& b) { return a.distance < b.distance; }));
}

/// The heights by the whole matrix of squared distances, which Lance and Williams' formula updates, the least of it at
/// each step: another way than that of the code, for more rows than check_greedy() can do.
std::vector<double> heights_by_matrix(MatrixView<const float> rows) {
  const auto count = static_cast<std::size_t>(rows.rows);
  std::vector<double> squared(count * count), size(count, 1);
  for (std::size_t i = 0; i < count * count; ++i)
    squared[i] = std::pow(ward_distance(1, mean_of({static_cast<std::int64_t>(i / count)}, rows), 1,
                                        mean_of({static_cast<std::int64_t>(i % count)}, rows)),
                          2);
  std::vector<std::size_t> left(count);
  std::iota(left.begin(), left.end(), std::size_t{0});
  std::vector<double> heights;
  while (left.size() > 1) {
    std::size_t a = left[0], b = left[1];
    for (const auto i : left)
      for (const auto j : left)
        if (i < j && squared[i * count + j] < squared[a * count + b]) a = i, b = j;
    const double least = squared[a * count + b];
    heights.push_back(std::sqrt(least));
    std::erase(left, b);
    for (const auto x : left) {
      if (x == a) continue;
      squared[a * count + x] = squared[x * count + a] =
          ((size[a] + size[x]) * squared[a * count + x] + (size[b] + size[x]) * squared[b * count + x] -
           size[x] * least) /
          (size[a] + size[b] + size[x]);
    }
    size[a] += size[b];
  }
  return heights;
}

/// On all ranks with two threads.
WardTree tree_of(const std::vector<float>& values, std::int64_t columns) {
  ThreadPool pool(2);
  return ward(MemoryRows(view(values, columns)), {}, Communicator::world(), pool);
}

std::string refusal(const std::vector<float>& values, std::int64_t columns, const WardOptions& options = {}) {
  ThreadPool pool(2);
  try {
    ward(MemoryRows(view(values, columns)), options, Communicator::world(), pool);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "";
}

std::vector<float> with_each_row(const std::vector<float>& values, std::int64_t columns, std::int64_t times) {
  std::vector<float> repeated;
  for (std::int64_t i = 0; i < times; ++i) repeated.insert(repeated.end(), values.begin(), values.end());
  REQUIRE(static_cast<std::int64_t>(values.size()) % columns == 0);
  return repeated;
}

}  // namespace

TEST_CASE("products of two panels are fused chains, to the bit, with vectors of every width") {
  with_each_vector_width([] {
    const auto a = example_rows(2 * kWardTermsPerSum, kPanelClusters, 5),
               b = example_rows(200, kPanelClusters, 3, 1, 2);
    std::vector<float> dots(static_cast<std::size_t>(kPanelClusters * kPanelClusters), NAN);
    const float* const second = b.data() + kWardTermsPerSum * kPanelClusters;
    panel_pair_dots(a.data(), b.data(), kWardTermsPerSum, true, dots.data());
    panel_pair_dots(a.data() + kWardTermsPerSum * kPanelClusters, second, 72, false, dots.data());
    int wrong = 0;
    for (std::int64_t i = 0; i < kPanelClusters; ++i)
      for (std::int64_t j = 0; j < kPanelClusters; ++j)
        wrong += dots[static_cast<std::size_t>(i * kPanelClusters + j)] !=
                 fused_chains<float>(
                     200, kWardTermsPerSum,
                     [&](std::int64_t d) { return a[static_cast<std::size_t>(d * kPanelClusters + i)]; },
                     [&](std::int64_t d) { return b[static_cast<std::size_t>(d * kPanelClusters + j)]; });
    CHECK(wrong == 0);
  });
}

TEST_CASE("each merge joins the two clusters that are nearest, as a plain recount finds them") {
  for (const std::int64_t columns : {1, 2, 9, 131}) {
    CAPTURE(columns);
    const auto values = example_rows(90, columns, 7, 0.6);
    check_greedy(view(values, columns), tree_of(values, columns));
  }
}

TEST_CASE("the heights are those that the whole matrix of distances gives") {
  // Many rows, each with many at about the same distance: what is known of a cluster's neighbours runs out often.
  const auto values = example_rows(500, 20, 3, 3.0);
  const auto tree = tree_of(values, 20);
  const auto heights = heights_by_matrix(view(values, 20));
  REQUIRE(tree.merges.size() == heights.size());
  int wrong = 0;
  for (std::size_t i = 0; i < heights.size(); ++i)
    wrong += !(std::abs(tree.merges[i].distance - heights[i]) <= 1e-12 * heights.back());  // the formula's rounding
  CHECK(wrong == 0);
}

TEST_CASE("the tree is the same bits on any number of ranks and threads, from memory or read") {
  const std::int64_t columns = 150;                          // two pieces
  const auto values = example_rows(1100, columns, 30, 0.9);  // five tiles to a side
  ThreadPool one(1), three(3);
  const auto alone = ward(MemoryRows(view(values, columns)), {}, Communicator::self(), one);
  check_same(alone, ward(MemoryRows(view(values, columns)), {}, Communicator::world(), one));
  check_same(alone, ward(MemoryRows(view(values, columns)), {}, Communicator::world(), three));
  check_same(alone, ward(StreamedRows(view(values, columns)), {}, Communicator::world(), three));
}

TEST_CASE("equal rows come first, at distance zero, and weigh as many as they are") {
  const auto distinct = example_rows(25, 4, 3, 0.5);
  const auto values = with_each_row(distinct, 4, 4);
  const auto tree = tree_of(values, 4);
  check_greedy(view(values, 4), tree);
  CHECK(std::count_if(tree.merges.begin(), tree.merges.end(), [](const Merge& each) { return each.distance == 0; }) ==
        75);
  const auto labels = cut(tree, 25);
  for (std::size_t i = 0; i < labels.size(); ++i) CHECK(labels[i] == static_cast<std::int32_t>(i % 25));
}

TEST_CASE("zeros of either sign are equal") {
  const auto tree = tree_of({0.0F, 1.0F, -0.0F, 1.0F, 5.0F, 1.0F}, 2);
  CHECK(tree.merges[0].distance == 0);
  CHECK(tree.merges[0].first == 0);
  CHECK(tree.merges[0].second == 1);
}

TEST_CASE("rows that all are equal make a tree of height zero") {
  const auto tree = tree_of(std::vector<float>(3 * 700, 2.5F), 3);
  REQUIRE(tree.merges.size() == 699);
  CHECK(tree.merges.back().distance == 0);
  CHECK(tree.merges.back().size == 700);
  const auto labels = cut(tree, 700);
  CHECK(std::set<std::int32_t>(labels.begin(), labels.end()).size() == 700);
}

TEST_CASE("one row has no merge, two rows have one") {
  CHECK(tree_of({1, 2, 3}, 3).merges.empty());
  CHECK(cut(tree_of({1, 2, 3}, 3), 1) == std::vector<std::int32_t>{0});
  const auto tree = tree_of({0, 0, 3, 4}, 2);
  REQUIRE(tree.merges.size() == 1);
  CHECK(tree.merges[0].distance == 5);
  CHECK(tree.merges[0].size == 2);
}

TEST_CASE("among equal distances any of the nearest pairs is merged, and parts stay before wholes") {
  SUBCASE("a grid") {
    std::vector<float> values;
    for (int i = 0; i < 100; ++i) values.insert(values.end(), {static_cast<float>(i % 10), static_cast<float>(i / 10)});
    check_greedy(view(values, 2), tree_of(values, 2));
  }
  SUBCASE("all rows as far from one another: more near ties than a list holds") {
    std::vector<float> values(90 * 90);
    for (std::size_t i = 0; i < 90; ++i) values[i * 91] = 3;
    check_greedy(view(values, 90), tree_of(values, 90));
  }
  SUBCASE("a line of equal steps") {
    std::vector<float> values;
    for (int i = 0; i < 128; ++i) values.push_back(0.1F * static_cast<float>(i));
    check_greedy(view(values, 1), tree_of(values, 1), 1e-7);
  }
}

TEST_CASE("the tree is right where float32 cannot tell") {
  SUBCASE("two groups ten million spreads apart") {
    auto values = example_rows(100, 6, 4, 0.4);
    for (std::size_t i = 0; i < 300; ++i) values[i] = std::nearbyint(64 * values[i]) / 64 + 65536;
    for (std::size_t i = 300; i < 600; ++i) values[i] = std::nearbyint(64 * values[i]) / 64 - 65536;
    check_greedy(view(values, 6), tree_of(values, 6));
  }
  SUBCASE("a column a million times as wide as the others") {
    auto values = example_rows(100, 6, 4, 0.4);
    for (std::size_t i = 0; i < values.size(); i += 6) values[i] *= 1e6F;
    check_greedy(view(values, 6), tree_of(values, 6));
  }
  SUBCASE("two values at the end of what is accepted, and small ones") {
    auto values = example_rows(60, 3, 4, 0.4);
    values[0] = 1e15F, values[3] = -1e15F;
    check_greedy(view(values, 3), tree_of(values, 3));
  }
}

TEST_CASE("powers of two scale the distances and change nothing else") {
  const auto values = example_rows(300, 11, 9, 0.7);
  const auto tree = tree_of(values, 11);
  for (const float factor : {0x1p+45F, 0x1p-70F}) {
    auto scaled = values;
    for (auto& value : scaled) value *= factor;
    auto expected = tree;
    for (auto& merge : expected.merges) merge.distance *= static_cast<double>(factor);
    check_same(tree_of(scaled, 11), expected);
  }
}

TEST_CASE("a constant column changes nothing") {
  const auto values = example_rows(80, 5, 4, 0.4);
  std::vector<float> wider;
  for (std::size_t i = 0; i < values.size(); i += 5) {
    wider.insert(wider.end(), values.begin() + static_cast<std::ptrdiff_t>(i),
                 values.begin() + static_cast<std::ptrdiff_t>(i) + 5);
    wider.push_back(1.5F);
  }
  const auto tree = tree_of(wider, 6), narrow = tree_of(values, 5);
  for (const std::int64_t k : {2, 5, 20}) CHECK(cut(tree, k) == cut(narrow, k));
  check_greedy(view(wider, 6), tree);
}

TEST_CASE("what cannot be clustered is refused with what was found") {
  auto values = example_rows(300, 4, 3);
  values[4 * 270 + 1] = std::numeric_limits<float>::infinity();
  values[4 * 123 + 2] = std::numeric_limits<float>::quiet_NaN();
  CHECK(refusal(values, 4).find("row 123 holds a value that is not a number") != std::string::npos);
  values[4 * 123 + 2] = 0;
  CHECK(refusal(values, 4).find("row 270 ") != std::string::npos);
  values[4 * 270 + 1] = -2e15F;
  CHECK(refusal(values, 4).find("row 270 ") != std::string::npos);
  CHECK(refusal({}, 4).find("0 rows of 4 columns") != std::string::npos);
  values[4 * 270 + 1] = 0;
  CHECK(refusal(values, 4).empty());
  CHECK(refusal(values, 4, {.memory_bytes = 9999}).find("300 rows of 4 columns take ") != std::string::npos);
}

TEST_CASE("a cut at k has k clusters, numbered by their first rows, each within one of the cut at k - 1") {
  const auto values = example_rows(200, 3, 8, 0.5);
  const auto tree = tree_of(values, 3);
  auto before = cut(tree, 1);
  CHECK(before == std::vector<std::int32_t>(200, 0));
  for (std::int64_t k = 2; k <= 200; ++k) {
    const auto labels = cut(tree, k);
    std::int32_t next = 0;
    std::vector<std::int32_t> whole(static_cast<std::size_t>(k), -1);
    int wrong = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      REQUIRE(labels[i] >= 0);
      REQUIRE(labels[i] <= next);
      next = std::max(next, labels[i] + 1);
      auto& of_label = whole[static_cast<std::size_t>(labels[i])];
      if (of_label < 0) of_label = before[i];
      wrong += of_label != before[i];
    }
    CHECK(next == k);
    CHECK(wrong == 0);
    before = labels;
  }
  CHECK_THROWS_WITH_AS(cut(tree, 0), "cut: 0 clusters asked for, but the tree has 200 rows; take 1 to 200",
                       InvalidArgument);
  CHECK_THROWS_AS(cut(tree, 201), InvalidArgument);
}

TEST_CASE("a merge that rounding put below one of its parts is raised to it") {
  const double high = 1.0, low = std::nextafter(1.0, 0.0);
  const auto tree = ascending_tree(4, {{2, 3, high, 2}, {0, 1, 0.5, 2}, {4, 5, low, 4}});
  REQUIRE(tree.merges.size() == 3);
  CHECK(tree.merges[0].distance == 0.5);
  CHECK(tree.merges[1].first == 2);
  CHECK(tree.merges[2].distance == high);
  CHECK(tree.merges[2].first == 4);
  CHECK(tree.merges[2].second == 5);
}

TEST_CASE("the inner product of a pair is the same bits in either order and in every lane") {
  const auto values = example_rows(kPanelClusters, kWardTermsPerSum, 3);
  alignas(64) float panel[kWardTermsPerSum * kPanelClusters], turned[kWardTermsPerSum * kPanelClusters];
  alignas(64) float dots[kPanelClusters * kPanelClusters], turned_dots[kPanelClusters * kPanelClusters];
  for (std::int64_t c = 0; c < kPanelClusters; ++c)
    for (std::int64_t d = 0; d < kWardTermsPerSum; ++d) {
      panel[d * kPanelClusters + c] = values[static_cast<std::size_t>(c * kWardTermsPerSum + d)];
      turned[d * kPanelClusters + (c + 5) % kPanelClusters] = panel[d * kPanelClusters + c];
    }
  panel_pair_dots(panel, panel, kWardTermsPerSum, true, dots);
  panel_pair_dots(turned, turned, kWardTermsPerSum, true, turned_dots);
  for (const auto d : {kWardTermsPerSum, std::int64_t{17}}) {
    panel_pair_dots(panel, panel, d, false, dots);
    panel_pair_dots(turned, turned, d, false, turned_dots);
  }
  int different = 0;
  for (std::int64_t a = 0; a < kPanelClusters; ++a)
    for (std::int64_t b = 0; b < kPanelClusters; ++b) {
      const float dot = dots[a * kPanelClusters + b];
      const auto there = (a + 5) % kPanelClusters * kPanelClusters + (b + 5) % kPanelClusters;
      different += dot != dots[b * kPanelClusters + a] || dot != turned_dots[there];
    }
  CHECK(different == 0);
}

TEST_CASE("a list keeps the lowest scores, the lower slot among equals, in whatever order they come") {
  constexpr int kKept = NearestSlots::kNearest;
  NearestSlots up(1), down(1), halves(1), other(1);
  const auto score = [](int slot) { return static_cast<float>(slot * 7 % 20 / 2); };
  for (int slot = 0; slot < 60; ++slot) {
    up.offer(0, score(slot), slot);
    down.offer(0, score(59 - slot), 59 - slot);
    (slot % 3 == 0 ? halves : other).offer(0, score(slot), slot);
  }
  halves.merge(other.all());
  std::vector<std::pair<float, int>> all;
  for (int slot = 0; slot < 60; ++slot) all.emplace_back(score(slot), slot);
  std::sort(all.begin(), all.end());
  for (const NearestSlots* lists : {&up, &down, &halves})
    for (int i = 0; i < kKept; ++i) {
      const auto& kept = lists->of(0)[static_cast<std::size_t>(i)];
      CHECK(kept.score == all[static_cast<std::size_t>(i)].first);
      CHECK(kept.slot == all[static_cast<std::size_t>(i)].second);
    }
  CHECK(up.limits()[0] == all[kKept - 1].first);
}

}  // namespace coterie
