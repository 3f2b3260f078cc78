#include "coterie/coding/items.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "coterie/base/errors.hpp"

namespace coterie {
namespace {

// Three clusters of 30, 10 and 3 rows on a line, at 0, 10 and 100; every tenth row may not be shown.
CodedSolution solution() {
  CodedSolution found{3, {}, {}, {}, {0, 10, 100}};
  for (int i = 0; i < 43; ++i) {
    found.labels.push_back(i % 10 == 9 ? -1 : i < 30 ? 0 : i < 40 ? 1 : 2);
    found.distances.push_back(static_cast<float>(i % 7));
    found.margins.push_back(static_cast<float>((i * 5) % 11));
  }
  return found;
}

std::map<std::pair<int, ItemKind>, int> counted(const std::vector<CodingItem>& items) {
  std::map<std::pair<int, ItemKind>, int> counts;
  for (const auto& item : items) ++counts[{item.cluster, item.kind}];
  return counts;
}

}  // namespace

TEST_CASE("each cluster gives its sample, each image once, and what may not be shown is not") {
  const auto from = solution();
  const auto items = draw_items(from, {.random = 5, .nearest = 2, .boundary = 1});
  const auto counts = counted(items);
  CHECK(counts.at({0, ItemKind::random}) == 5);
  CHECK(counts.at({0, ItemKind::nearest}) == 2);
  CHECK(counts.at({1, ItemKind::boundary}) == 1);
  CHECK(counts.at({2, ItemKind::random}) == 3);  // all that there are
  std::set<std::int64_t> rows;
  for (const auto& item : items) {
    CHECK(from.labels[static_cast<std::size_t>(item.rows.at(0))] == item.cluster);
    CHECK(rows.insert(item.rows.at(0)).second);
  }
  CHECK(draw_items(from, {.random = 5, .nearest = 2, .boundary = 1}) == items);
  CHECK(draw_items(from, {.random = 5, .nearest = 2, .boundary = 1, .seed = 2}) != items);
}

TEST_CASE("alone, the nearest are the nearest") {
  const auto from = solution();
  for (const auto& item : draw_items(from, {.random = 0, .nearest = 3})) {
    const auto own = from.distances[static_cast<std::size_t>(item.rows[0])];
    int nearer = 0;
    for (std::size_t row = 0; row < from.labels.size(); ++row)
      nearer += from.labels[row] == item.cluster && from.distances[row] < own ? 1 : 0;
    CHECK(nearer < 3);
  }
}

TEST_CASE("an intrusion shows four of one cluster and one of another in a drawn place") {
  const auto from = solution();
  std::set<std::int32_t> places;
  const auto items = draw_items(from, {.task = CodingTask::intrusion, .random = 20, .gold = 2});
  for (const auto& item : items) {
    REQUIRE(item.rows.size() == 5);
    CHECK(std::set(item.rows.begin(), item.rows.end()).size() == 5);
    for (std::int32_t i = 0; i < 5; ++i) {
      const auto label = from.labels[static_cast<std::size_t>(item.rows[static_cast<std::size_t>(i)])];
      CHECK((label == item.cluster) == (i != item.right));
      CHECK(label >= 0);
    }
    places.insert(item.right);
  }
  CHECK(places.size() == 5);
  const auto counts = counted(items);
  CHECK(counts.at({0, ItemKind::gold}) == 1);
  CHECK_FALSE(counts.contains({2, ItemKind::random}));  // three images are no four
}

TEST_CASE("pairs are within and between clusters") {
  const auto from = solution();
  const auto label = [&](std::int64_t row) { return from.labels[static_cast<std::size_t>(row)]; };
  for (const auto& item : draw_items(from, {.task = CodingTask::pairs, .random = 6, .gold = 1})) {
    REQUIRE(item.rows.size() == 2);
    CHECK(label(item.rows[0]) == item.cluster);
    CHECK((label(item.rows[1]) == item.cluster) == (item.kind != ItemKind::between));
    CHECK((item.rows[0] == item.rows[1]) == (item.kind == ItemKind::gold));
  }
}

TEST_CASE("the own name is among those offered, and gold of fit comes from the farthest cluster") {
  const auto from = solution();
  for (const auto& item : draw_items(from, {.task = CodingTask::labels, .random = 4})) {
    CHECK(item.choices.size() == 3);
    CHECK(item.choices.at(static_cast<std::size_t>(item.right)) == item.cluster);
  }
  for (const auto& item : draw_items(from, {.random = 0, .gold = 3}))
    CHECK(from.labels[static_cast<std::size_t>(item.rows[0])] == (item.cluster == 2 ? 0 : 2));
}

TEST_CASE("intrusions are drawn from the whole cluster, from its nearest, and with an intruder from next door") {
  CodedSolution from{3, {}, {}, {}, {0, 10, 100}};
  for (int i = 0; i < 150; ++i) {
    from.labels.push_back(i / 50);
    from.distances.push_back(static_cast<float>(i % 50));
    from.margins.push_back(static_cast<float>(49 - i % 50));
  }
  const auto items = draw_items(from, {.task = CodingTask::intrusion, .random = 2, .nearest = 6, .boundary = 6});
  CHECK(counted(items) == std::map<std::pair<int, ItemKind>, int>{{{0, ItemKind::random}, 2},
                                                                  {{0, ItemKind::nearest}, 6},
                                                                  {{0, ItemKind::boundary}, 6},
                                                                  {{1, ItemKind::random}, 2},
                                                                  {{1, ItemKind::nearest}, 6},
                                                                  {{1, ItemKind::boundary}, 6},
                                                                  {{2, ItemKind::random}, 2},
                                                                  {{2, ItemKind::nearest}, 6},
                                                                  {{2, ItemKind::boundary}, 6}});
  for (const auto& item : items) {
    REQUIRE(item.rows.size() == 5);
    const auto intruder = static_cast<std::size_t>(item.rows[static_cast<std::size_t>(item.right)]);
    CHECK(from.labels[intruder] != item.cluster);
    if (item.kind == ItemKind::boundary) {
      CHECK(from.labels[intruder] == (item.cluster == 0 ? 1 : item.cluster == 1 ? 0 : 1));
      CHECK(from.margins[intruder] < 20);
    }
    for (std::size_t place = 0; place < 5; ++place) {
      const auto row = static_cast<std::size_t>(item.rows[place]);
      if (row == intruder) continue;
      CHECK(from.labels[row] == item.cluster);
      if (item.kind == ItemKind::nearest) CHECK(from.distances[row] < 20);
    }
  }
  // More strata leave the random sample as it is.
  const auto alone = draw_items(from, {.task = CodingTask::intrusion, .random = 2});
  CHECK(std::all_of(alone.begin(), alone.end(),
                    [&](const auto& item) { return std::find(items.begin(), items.end(), item) != items.end(); }));
}

TEST_CASE("what cannot be asked is refused") {
  auto single = solution();
  single.k = 1;
  single.centroids = {0};
  for (auto& label : single.labels) label = std::min(label, 0);
  CHECK_THROWS_AS(draw_items(single, {.task = CodingTask::intrusion}), InvalidArgument);
  CHECK_THROWS_AS(draw_items(single, {.gold = 1}), InvalidArgument);
  CHECK_THROWS_AS(draw_items(solution(), {.task = CodingTask::labels, .gold = 1}), InvalidArgument);
  CHECK_THROWS_AS(draw_items(solution(), {.task = CodingTask::pairs, .nearest = 1}), InvalidArgument);
}

TEST_CASE("a share of each cluster is coded by all, the rest by one, each in an order of their own") {
  const auto items = draw_items(solution(), {.random = 10, .gold = 2});
  const auto forms = divide_items(items, 3, 0.2, true, 5);
  std::map<std::int64_t, int> coders;
  for (const auto& form : forms) {
    CHECK(std::set(form.begin(), form.end()).size() == form.size());
    for (const auto item : form) ++coders[item];
    // The items of one cluster follow one another.
    std::set<std::int32_t> seen;
    std::int32_t now = -1;
    for (const auto item : form) {
      const auto cluster = items[static_cast<std::size_t>(item)].cluster;
      if (cluster != now) CHECK(seen.insert(cluster).second);
      now = cluster;
    }
  }
  CHECK(coders.size() == items.size());
  std::map<std::int32_t, int> shared;
  for (const auto& [item, count] : coders) {
    CHECK((count == 1 || count == 3));
    if (items[static_cast<std::size_t>(item)].kind == ItemKind::gold)
      CHECK(count == 3);
    else
      shared[items[static_cast<std::size_t>(item)].cluster] += count == 3 ? 1 : 0;
  }
  CHECK(shared == std::map<std::int32_t, int>{{0, 2}, {1, 2}, {2, 1}});
  const auto all = divide_items(items, 2, 1, false, 5);
  CHECK(all[0].size() == items.size());
  CHECK(all[0] != all[1]);
  CHECK(divide_items(items, 2, 1, false, 5) == all);
}

TEST_CASE("a token tells key, coder and item apart") {
  std::set<std::string> tokens;
  for (const char* key : {"a", "b"})
    for (std::int64_t coder = 0; coder < 3; ++coder)
      for (std::int64_t item = 0; item < 100; ++item) tokens.insert(item_token(key, coder, item));
  CHECK(tokens.size() == 600);
  CHECK(tokens.begin()->size() == 12);
}

}  // namespace coterie
