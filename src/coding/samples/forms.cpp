#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "coterie/base/digest.hpp"
#include "coterie/base/errors.hpp"
#include "coterie/base/random.hpp"
#include "coterie/coding/items.hpp"

namespace coterie::inline coding {
namespace {

constexpr std::pair<CodingTask, const char*> kTasks[] = {{CodingTask::fit, "fit"},
                                                         {CodingTask::intrusion, "intrusion"},
                                                         {CodingTask::pairs, "pairs"},
                                                         {CodingTask::labels, "labels"}};

/// Draws for the coders' orders begin here; before it is who codes what.
constexpr std::uint64_t kClusters = std::uint64_t{1} << 40U;

}  // namespace

const char* task_name(CodingTask task) {
  for (const auto& [each, name] : kTasks)
    if (each == task) return name;
  throw Error("a coding has an unknown task");
}

CodingTask task_of(const std::string& name) {
  for (const auto& [task, own] : kTasks)
    if (own == name) return task;
  throw InvalidArgument(fmt::format("there is no coding task \"{}\": fit, intrusion, pairs, labels", name));
}

std::int64_t answers_of(CodingTask task) {
  switch (task) {
    case CodingTask::fit:
      return 3;  // fits, does not, cannot tell
    case CodingTask::intrusion:
      return 5;  // which image
    case CodingTask::pairs:
      return 3;  // not alike, somewhat, very
    case CodingTask::labels:
      return 4;  // which name
  }
  throw Error("a coding has an unknown task");
}

const char* kind_name(ItemKind kind) {
  switch (kind) {
    case ItemKind::random:
      return "random";
    case ItemKind::nearest:
      return "nearest";
    case ItemKind::boundary:
      return "boundary";
    case ItemKind::between:
      return "between";
    case ItemKind::gold:
      return "gold";
  }
  throw Error("an item is of an unknown kind");
}

std::vector<std::vector<std::int64_t>> divide_items(const std::vector<CodingItem>& items, std::int64_t coders,
                                                    double overlap, bool by_cluster, std::uint64_t seed) {
  require(coders > 0, "a coding wants a coder at least");
  std::vector<std::vector<std::int64_t>> forms(static_cast<std::size_t>(coders));
  const Random sharing(seed, Purpose::coding_order);
  // Of each cluster and kind the same share is coded by all, so that agreement is known of each.
  std::map<std::pair<std::int32_t, ItemKind>, std::vector<std::int64_t>> strata;
  for (std::int64_t i = 0; i < std::ssize(items); ++i)
    strata[{items[static_cast<std::size_t>(i)].cluster, items[static_cast<std::size_t>(i)].kind}].push_back(i);
  std::size_t turn = 0;
  for (auto& [stratum, own] : strata) {
    std::sort(own.begin(), own.end(), [&](auto a, auto b) {
      return std::tuple(sharing.bits(static_cast<std::uint64_t>(a)), a) <
             std::tuple(sharing.bits(static_cast<std::uint64_t>(b)), b);
    });
    const bool all = stratum.second == ItemKind::gold;
    const auto shared =
        all ? std::ssize(own) : static_cast<std::int64_t>(std::ceil(overlap * static_cast<double>(own.size())));
    for (std::int64_t i = 0; i < std::ssize(own); ++i) {
      if (i < shared)
        for (auto& form : forms) form.push_back(own[static_cast<std::size_t>(i)]);
      else
        forms[turn++ % forms.size()].push_back(own[static_cast<std::size_t>(i)]);
    }
  }
  for (std::size_t coder = 0; coder < forms.size(); ++coder) {
    const Random order(seed, Purpose::coding_order, static_cast<std::uint32_t>(coder + 1));
    const auto key = [&](std::int64_t i) {
      const auto cluster = static_cast<std::uint64_t>(items[static_cast<std::size_t>(i)].cluster);
      return std::tuple(by_cluster ? order.bits(kClusters + cluster) : 0, order.bits(static_cast<std::uint64_t>(i)), i);
    };
    std::sort(forms[coder].begin(), forms[coder].end(), [&](auto a, auto b) { return key(a) < key(b); });
  }
  return forms;
}

std::string item_token(const std::string& key, std::int64_t coder, std::int64_t item) {
  return sha256(fmt::format("{}\n{}\n{}", key, coder, item)).substr(0, 12);
}

}  // namespace coterie::inline coding
