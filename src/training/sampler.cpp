#include "coterie/training/sampler.hpp"

#include <algorithm>

#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"

namespace coterie::inline training {
namespace {

// The draws of an epoch, one after the other.
class Draws {
 public:
  Draws(std::uint64_t seed, std::uint32_t epoch) : random_(seed, Purpose::training_order, epoch) {}

  std::size_t below(std::size_t bound) {
    return static_cast<std::size_t>(random_.below(next_++, static_cast<std::int64_t>(bound)));
  }

  // The first `count` of a random permutation (Fisher and Yates).
  void shuffle(std::vector<std::int64_t>& values, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) std::swap(values[i], values[i + below(values.size() - i)]);
  }

 private:
  Random random_;
  std::uint64_t next_ = 0;
};

std::vector<std::vector<std::int64_t>> members_of(std::span<const std::int32_t> labels) {
  std::vector<std::vector<std::int64_t>> members;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    if (labels[row] < 0) continue;
    const auto cluster = static_cast<std::size_t>(labels[row]);
    if (cluster >= members.size()) members.resize(cluster + 1);
    members[cluster].push_back(static_cast<std::int64_t>(row));
  }
  std::erase_if(members, [](const auto& rows) { return rows.empty(); });
  return members;
}

std::vector<std::int64_t> draw(const std::vector<std::vector<std::int64_t>>& members, std::int64_t count, Draws draws) {
  require(!members.empty(), "no row has a label");
  const std::size_t each = static_cast<std::size_t>(count) / members.size() + 1;
  std::vector<std::int64_t> rows;
  for (auto cluster : members)
    if (cluster.size() <= each) {
      for (std::size_t i = 0; i < each; ++i) rows.push_back(cluster[draws.below(cluster.size())]);
    } else {
      draws.shuffle(cluster, each);
      rows.insert(rows.end(), cluster.begin(), cluster.begin() + static_cast<std::ptrdiff_t>(each));
    }
  draws.shuffle(rows, rows.size());
  rows.resize(static_cast<std::size_t>(count));  // there are more: each > count / clusters
  return rows;
}

EpochOrder with_labels(std::vector<std::int64_t> rows, std::span<const std::int32_t> labels) {
  EpochOrder order{std::move(rows), {}};
  for (const auto row : order.rows) order.labels.push_back(labels[static_cast<std::size_t>(row)]);
  return order;
}

}  // namespace

EpochOrder uniform_over_clusters(std::span<const std::int32_t> labels, std::int64_t count, std::uint64_t seed,
                                 std::uint32_t epoch) {
  return with_labels(draw(members_of(labels), count, Draws(seed, epoch)), labels);
}

EpochOrder as_published(std::span<const std::int32_t> labels, std::int64_t count, std::uint64_t seed,
                        std::uint32_t epoch) {
  const auto members = members_of(labels);
  std::vector<std::int64_t> by_cluster, place(labels.size());
  std::int64_t usable = 0;
  for (std::size_t row = 0; row < labels.size(); ++row) place[row] = labels[row] < 0 ? usable : usable++;
  for (const auto& cluster : members) by_cluster.insert(by_cluster.end(), cluster.begin(), cluster.end());
  std::vector<std::int64_t> rows = draw(members, count, Draws(seed, epoch));
  for (auto& row : rows) row = by_cluster[static_cast<std::size_t>(place[static_cast<std::size_t>(row)])];
  return with_labels(std::move(rows), labels);
}

std::vector<std::int64_t> shuffled(std::int64_t rows, std::uint64_t seed, std::uint32_t epoch) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  Draws(seed, epoch).shuffle(all, all.size());
  return all;
}

}  // namespace coterie::inline training
