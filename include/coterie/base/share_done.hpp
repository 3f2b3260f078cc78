#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "coterie/base/thread_pool.hpp"

namespace coterie {

/// Hears how much of a long computation is done, as an estimated share of its time from 0 to 1. Called again and again
/// on the thread that called the computation, on every rank, which may differ in what they say; it must return soon,
/// not communicate and not throw. It changes no result. Empty where nobody listens.
using ShareDone = std::function<void(double share)>;

/// For a part of the computation, which lies between two shares of the whole: 0.5 of a part from 0.2 to 0.4 is 0.3.
inline ShareDone part_of(const ShareDone& whole, double from, double to) {
  if (!whole) return {};
  return [whole, from, to](double share) { whole(from + (to - from) * std::clamp(share, 0.0, 1.0)); };
}

/// The same for parts that follow one another, known by their costs in any unit: of costs {1, 3} the first part lies
/// between 0 and 0.25, the second between 0.25 and 1.
class PartsDone {
 public:
  PartsDone(const ShareDone& whole, const std::vector<double>& costs) : whole_(whole) { revise(costs); }

  /// What is said of a part from now on goes by these costs, which are known better by then.
  void revise(const std::vector<double>& costs) {
    ends_->assign(1, 0.0);
    for (const double cost : costs) ends_->push_back(ends_->back() + std::max(cost, 0.0));
  }

  ShareDone part(std::size_t number) const {
    if (!whole_) return {};
    return [whole = whole_, ends = ends_, number](double share) {
      const double all = ends->back() > 0 ? ends->back() : 1, begin = (*ends)[number], end = (*ends)[number + 1];
      whole((begin + (end - begin) * std::clamp(share, 0.0, 1.0)) / all);
    };
  }

 private:
  ShareDone whole_;
  std::shared_ptr<std::vector<double>> ends_ = std::make_shared<std::vector<double>>();
};

/// pool.for_each() that says how far it is, between the tasks of the caller's own thread.
template <typename Task>
void for_each_telling(ThreadPool& pool, std::int64_t count, const ShareDone& on_share, const Task& task) {
  pool.for_each(count, [&](std::int64_t index, int worker) {
    task(index, worker);
    if (worker == 0 && on_share) on_share(static_cast<double>(index + 1) / static_cast<double>(count));
  });
}

}  // namespace coterie
